/** Name and version, as `kv_server --version` prints it. A test compares it with package.json. */
export const VERSION = "0.1.0";
export const SOFTWARE: string = `sundial ${VERSION}`;
