import { SofthelloError } from "./api.js";

/** Puts what softhello saw into the report of a test. */
export async function attachTraces(hello, testInfo) {
  let traces;
  try {
    const summaries = await hello.traces();
    traces = await Promise.all(summaries.map(({ id }) => hello.trace(id)));
  } catch (error) {
    if (!(error instanceof SofthelloError)) throw error;
    const body = `the traces cannot be had: ${error.message}\n${hello.server.stderr}`;
    await testInfo.attach("softhello", { body, contentType: "text/plain" });
    return;
  }
  await testInfo.attach("softhello", { body: describe(hello.device, traces), contentType: "text/plain" });
  await testInfo.attach("softhello-traces.json", {
    body: JSON.stringify(traces, null, 2),
    contentType: "application/json",
  });
}

/** The traces, oldest first, as text. */
export function describe(device, traces) {
  const { profile, account, user } = device;
  const head = `${profile}, account ${account}, user ${user.does}`;
  if (traces.length === 0) return `${head}\n\nNo ceremony reached softhello.\n`;
  return `${[head, ...traces.map(ceremony)].join("\n\n")}\n`;
}

function ceremony(trace) {
  const who = trace.userName ? ` ${trace.userName}` : "";
  const lines = [
    `${trace.ceremony}() at ${trace.origin} for ${trace.rpId}${who}: ${trace.outcome}, ${trace.durationUs / 1000} ms`,
  ];
  const { error } = trace;
  if (error) lines.push(`  error: ${error.message}`);
  if (error?.chain) lines.push(`  chain: ${error.chain}`);
  if (error?.hint) lines.push(`  hint: ${error.hint}`);
  for (const { from, to, text, detail } of trace.diagram ?? []) {
    lines.push(`  ${from} → ${to}: ${text}`);
    if (detail) lines.push(...detail.split("\n").map((line) => `      ${line}`));
  }
  return lines.join("\n");
}
