/** Opens a log to write to it, and says on stderr what was cleared away: nobody else will see it. */
import type { Log } from "../log.ts";
import { openLog } from "../open-log.ts";
import type { OpenLogOptions } from "../options.ts";
import type { Found } from "./address.ts";
import type { Invocation } from "./command.ts";
import { bytesText } from "./text.ts";

export async function openTold(
  { address, path }: Found,
  { output, signal }: Invocation,
  options: Partial<OpenLogOptions> = {},
): Promise<Log> {
  const log = await openLog({ ...address, ...options, signal });
  const { torn, unborn } = log.recovery;
  if (torn !== undefined) {
    const { segment, position, bytes } = torn;
    output.note(
      `${path}: ${segment} held no whole record from position ${position} on; ${bytesText(bytes)} were left out`,
    );
  }
  for (const name of unborn)
    output.note(`${path}: ${name} was never finished being created, and was removed`);
  return log;
}
