import { CommandFailure, ExitCode } from "../exit-codes.ts";
import type { CommandContext } from "./command-context.ts";
import { formatData, parseData, quoteData } from "./data-text.ts";
import { render } from "./output-format.ts";
import { withCondition } from "./write-condition.ts";

export interface DelOptions {
  readonly ifRevision?: number;
}

export async function del(context: CommandContext, keyText: string, options: DelOptions): Promise<void> {
  const { hex, output } = context.options;
  const key = Buffer.from(parseData(keyText, hex));
  const kv = context.connect();
  const ok = await withCondition(key, hex, options.ifRevision, (condition) => kv.delete(key, condition));
  if (ok === undefined) throw new CommandFailure(ExitCode.NO, `key not found: ${quoteData(key, hex)}`);
  const text = await render(output, {
    simple: () => "OK\n",
    json: () => ({ status: "OK", ...ok }),
    table: () => ({
      titles: ["KEY", ">REVISION", ">PREVIOUS"],
      rows: [[formatData(key, hex), String(ok.revision), String(ok.prevRevision)]],
    }),
  });
  await context.io.stdout.write(text);
}
