import type { Endpoint } from "./endpoint.ts";
import { Pauses } from "./pauses.ts";

/** The servers that a client knows, in the order it was given them, and which of them calls go to first. */
export class ServerList {
  readonly endpoints: readonly Endpoint[];
  readonly pauses: Pauses = new Pauses();
  private preferredEndpoint: Endpoint;
  private closed = false;

  constructor(endpoints: readonly Endpoint[]) {
    this.endpoints = endpoints;
    this.preferredEndpoint = endpoints[0]!;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** The server that last helped out for another; at first the first one. */
  get preferred(): Endpoint {
    return this.preferredEndpoint;
  }

  /** Calls go to `endpoint` first from now on. */
  prefer(endpoint: Endpoint): void {
    this.preferredEndpoint = endpoint;
  }

  after(endpoint: Endpoint): Endpoint {
    const next = this.endpoints.indexOf(endpoint) + 1;
    return this.endpoints[next % this.endpoints.length]!;
  }

  close(): void {
    this.closed = true;
    for (const endpoint of this.endpoints) endpoint.close();
    this.pauses.endAll();
  }
}
