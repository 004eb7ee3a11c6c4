/** The subset of the platform's `DurableObjectState` that these tests use. */
import type { ObjectStorage } from "../../../adapters/durable-object/storage.ts";

export interface ObjectContext {
  readonly storage: ObjectStorage;
  /** Ends the object where it is. The next request is answered by a new one, with what the old one has left. */
  abort(reason: string): void;
}
