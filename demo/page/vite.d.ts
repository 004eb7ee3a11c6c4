/** What the bundler makes of imports with a query. */
declare module "*.css?url" {
  const address: string;
  export default address;
}
