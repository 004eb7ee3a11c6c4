/** Runs one search of a bundle, and prints what it found: `search-child.mjs BUNDLE SEARCH SEED SECONDS`. */
const [, , bundle, name, seed, seconds] = process.argv;
const { searches } = await import(bundle);
const end = performance.now() + Number(seconds) * 1000;
const finding = await searches[name](Number(seed), () => performance.now() > end);
console.log(JSON.stringify(finding));
process.exit();
