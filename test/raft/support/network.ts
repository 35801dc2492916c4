import type { Message, ServerId } from "../../../src/raft/index.ts";

/** Messages between servers, in the order in which they were sent, until somebody takes them out. */
export class Network {
  /** On their way, oldest first. */
  readonly onTheWay: Message[] = [];
  private readonly cuts = new Set<string>();

  post(message: Message): void {
    this.onTheWay.push(message);
  }

  /** Takes out the message at `position`. */
  take(position: number): Message {
    return this.onTheWay.splice(position, 1)[0]!;
  }

  /** Takes out the oldest message that `wanted` picks. */
  find(wanted: (message: Message) => boolean): Message | undefined {
    const position = this.onTheWay.findIndex(wanted);
    return position < 0 ? undefined : this.take(position);
  }

  /** Messages from one server to another get lost from now on; the other direction is a cut of its own. */
  cut(from: ServerId, to: ServerId): void {
    this.cuts.add(`${from}>${to}`);
  }

  isCut(from: ServerId, to: ServerId): boolean {
    return this.cuts.has(`${from}>${to}`);
  }

  heal(): void {
    this.cuts.clear();
  }
}
