/** The browsers come from the packages of Debian, and are installed where they are missing. */
import { existsSync, readdirSync } from "node:fs";
import { run, runOrThrow } from "../../tools/command.mjs";

const libraries = "/usr/lib";

const parts = [
  { program: () => found(["/usr/bin/chromium"]), packages: ["chromium"] },
  { program: () => found(["/usr/bin/firefox-esr"]), packages: ["firefox-esr"] },
  { program: miniBrowser, packages: ["webkit2gtk-driver"] },
  { program: () => found(["/usr/bin/Xvfb"]), packages: ["xvfb", "xauth"] },
  { program: () => found(["/usr/sbin/xfs_io"]), packages: ["xfsprogs"] },
];

/** Installs what is missing, and answers in one line what there is. */
export async function installBrowsers() {
  const missing = parts.filter(({ program }) => program() === undefined).flatMap(({ packages }) => packages);
  if (missing.length > 0) {
    console.log(`  installing ${missing.join(", ")} with apt-get`);
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    const install = ["install", "-y", "--no-install-recommends", ...missing];
    const first = await run("apt-get", install, { env });
    if (first.code !== 0) {
      await runOrThrow("apt-get", ["update"], { env });
      await runOrThrow("apt-get", install, { env });
    }
  }
  const versions = await Promise.all([
    versionOf("/usr/bin/chromium", "Chromium"),
    versionOf("/usr/bin/firefox-esr", "Firefox"),
    webkitVersion(),
  ]);
  return versions.join(", ");
}

export function miniBrowser() {
  const candidates = existsSync(libraries)
    ? readdirSync(libraries).flatMap((machine) =>
        ["webkit2gtk-4.1", "webkit2gtk-4.0", "webkitgtk-6.0"].map(
          (release) => `${libraries}/${machine}/${release}/MiniBrowser`,
        ),
      )
    : [];
  return found(candidates);
}

function found(paths) {
  return paths.find((path) => existsSync(path));
}

async function versionOf(program, name) {
  const { output } = await run(program, ["--version"], { env: { MOZ_HEADLESS: "1" } });
  return `${name} ${/\d+\.\d+(\.\d+)*/.exec(output)?.[0] ?? "of unknown version"}`;
}

/** MiniBrowser tells its version on a display alone. */
async function webkitVersion() {
  const { output } = await run("dpkg-query", ["--show", "--showformat=${Version}", "webkit2gtk-driver"]);
  return `WebKitGTK ${/^[\d.]+/.exec(output)?.[0] ?? "of unknown version"}`;
}
