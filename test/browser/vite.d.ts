/** What Vite makes of an import with such a query: the address of a bundled worker. */
declare module "*?worker&url" {
  const url: string;
  export default url;
}
