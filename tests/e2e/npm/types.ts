import type { Hello, Passkey } from "@softhello/playwright";

/** Never called: `tsc` says whether what is right is taken, and what is wrong is not. */
export async function types(hello: Hello): Promise<void> {
  const path = { device: hello.device.id };
  const does: "approve" | "decline" | "timeout" | "wrong-pin" | "ask" = hello.device.user.does;
  const { account } = await hello.api("GET", "/api/devices/{device}", { path });
  const passkeys: Passkey[] = await hello.passkeys.list();
  await hello.user.set({ does, delayMs: passkeys.length + account.length });

  // @ts-expect-error: there is no such path
  await hello.api("GET", "/api/nothing");
  // @ts-expect-error: there is no such method
  await hello.api("PUT", "/api/devices/{device}", { path });
  // @ts-expect-error: the device is missing
  await hello.api("GET", "/api/devices/{device}");
  // @ts-expect-error: a user is needed
  await hello.api("PUT", "/api/devices/{device}/user", { path });
  // @ts-expect-error: nobody does that
  await hello.user.script(["sleep"]);
  // @ts-expect-error: an answer is yes or no
  await hello.user.answer("perhaps");
}
