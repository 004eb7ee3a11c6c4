/** Which release this is. */
import { readFileSync } from "node:fs";

export function versionText(): string {
  const manifest = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
