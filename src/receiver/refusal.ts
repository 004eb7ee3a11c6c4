/** An answer that is not the one the sender wanted. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  /** More to say in the body. */
  readonly details: object;

  constructor(status: number, message: string, details: object = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }
}
