/** Work that needs the log to itself, in its turn among the groups that wait to be written. */
import { Group } from "./group.ts";

export interface Turn {
  run(): Promise<void>;
  reject(error: unknown): void;
}

export function isGroup(each: Group | Turn): each is Group {
  return each instanceof Group;
}

export function isTurn(each: Group | Turn): each is Turn {
  return !(each instanceof Group);
}
