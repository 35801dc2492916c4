import type { KvPair } from "../../kv/client/results.ts";
import { CommandFailure, ExitCode } from "../exit-codes.ts";
import type { CommandContext } from "./command-context.ts";
import type { CommandIo } from "./command-io.ts";
import { formatData, isPrintable, parseData, quoteData } from "./data-text.ts";
import { render } from "./output-format.ts";

export interface GetOptions {
  readonly revision?: number;
  readonly serializable?: boolean;
  readonly metadata?: boolean;
  readonly raw?: boolean;
}

export async function get(context: CommandContext, keyText: string, options: GetOptions): Promise<void> {
  const { io } = context;
  const { hex, output } = context.options;
  const key = parseData(keyText, hex);
  const pair = await context.connect().get(key, options);
  if (pair === undefined) {
    const when = options.revision === undefined ? "" : ` at revision ${options.revision}`;
    throw new CommandFailure(ExitCode.NO, `key not found${when}: ${quoteData(key, hex)}`);
  }
  if (options.raw === true) return io.stdout.write(pair.value);
  if (output === "simple" && options.metadata !== true && !hex) return writeValue(io, pair.value);
  const { pairJson, pairTable } = await import("./pair-views.ts");
  const text = await render(output, {
    simple: () => (options.metadata === true ? metadataText(pair, hex) : `${formatData(pair.value, hex)}\n`),
    json: () => pairJson(pair, hex),
    table: () => pairTable([pair], hex),
  });
  await io.stdout.write(text);
}

/** The value as it is and a newline; but no control characters of strangers to a terminal. */
async function writeValue({ stdout, stderr }: CommandIo, value: Buffer): Promise<void> {
  if (!stdout.isTerminal || isPrintable(value)) {
    await stdout.write(Buffer.concat([value, Buffer.from("\n")]));
    return;
  }
  await stdout.write(`${formatData(value, false)}\n`);
  await stderr.write("kv_client: the value is not plain text: shown escaped; --raw writes it as it is\n");
}

function metadataText(pair: KvPair, hex: boolean): string {
  return [
    `key:             ${formatData(pair.key, hex)}`,
    `value:           ${formatData(pair.value, hex)}`,
    `mod revision:    ${pair.modRevision}`,
    `create revision: ${pair.createRevision}`,
    `version:         ${pair.keyVersion}`,
    "",
  ].join("\n");
}
