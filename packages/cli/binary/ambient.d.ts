/** https://github.com/nodejs/postject#programmatic-api */
declare module "postject" {
  export function inject(
    executable: string,
    name: string,
    content: Buffer,
    options: { readonly sentinelFuse: string; readonly machoSegmentName?: string }
  ): Promise<void>
}

/** The types of Node.js have no WebAssembly. */
declare namespace WebAssembly {
  type Module = object
  function compile(bytes: ArrayBuffer): Promise<Module>
}
