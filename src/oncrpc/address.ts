import { RpcAddressError } from "./errors.ts";

/** Where a server listens. */
export interface HostPort {
  /** A name, an IPv4 or an IPv6 address; the latter without brackets. */
  readonly host: string;
  readonly port: number;
}

const PORT_MAX = 65535;

/**
 * Reads `host:port`, for example `localhost:9001`, `10.0.0.7:9001` or `[::1]:9001`.
 *
 * @param defaultPort  the port of a text that names none; without it such a text is an error
 * @throws RpcAddressError `BAD_ADDRESS`, with a message that says what is wrong with which text
 */
export function parseAddress(text: string, defaultPort?: number): HostPort {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) return fromParts(text, bracketed[1]!, bracketed[2], defaultPort);
  if (text.includes("[") || text.includes("]")) throw bad(text, "brackets do not match");
  const colon = text.indexOf(":");
  if (colon !== text.lastIndexOf(":")) {
    throw bad(text, `write an IPv6 address in brackets, as in [::1]:9001`);
  }
  if (colon === -1) return fromParts(text, text, undefined, defaultPort);
  return fromParts(text, text.slice(0, colon), text.slice(colon + 1), defaultPort);
}

/** `host:port`, with brackets around an IPv6 address; what {@link parseAddress} reads. */
export function formatAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function fromParts(
  text: string,
  host: string,
  portText: string | undefined,
  defaultPort: number | undefined,
): HostPort {
  if (host === "") throw bad(text, "the host is missing");
  if (/[\s/@]/.test(host)) throw bad(text, `"${host}" is not a host`);
  if (portText === undefined) {
    if (defaultPort === undefined) throw bad(text, "the port is missing, as in localhost:9001");
    return { host, port: defaultPort };
  }
  const port = /^[0-9]{1,5}$/.test(portText) ? Number(portText) : -1;
  if (port < 0 || port > PORT_MAX) {
    throw bad(text, `port "${portText}" is not a number between 0 and ${PORT_MAX}`);
  }
  return { host, port };
}

function bad(text: string, problem: string): RpcAddressError {
  return new RpcAddressError(`address "${text}": ${problem}`);
}
