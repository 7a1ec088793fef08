import type {
  Fixtures,
  PlaywrightTestArgs,
  PlaywrightTestOptions,
  PlaywrightWorkerArgs,
  PlaywrightWorkerOptions,
} from "@playwright/test";
import type { components, paths } from "./api.js";

type Schemas = components["schemas"];

export type Account = Schemas["Account"];
export type Device = Schemas["Device"];
export type Passkey = Schemas["Passkey"];
export type Question = Schemas["Question"];
export type Trace = Schemas["Trace"];
export type TraceSummary = Schemas["TraceSummary"];
export type UserInput = Schemas["UserInput"];
export type UserScript = Schemas["User"];
export type Does = Schemas["Does"];

/** Of the device and the browser of a test: for `softhello()`, and for `test.use({ helloOptions })`. */
export interface HelloOptions {
  /** "windows-hello-software" (the default), "security-key", "u2f-key", "synced-passkey", … */
  profile?: string;
  /** A profile of your own, as the text of its TOML file. */
  profileToml?: string;
  /** Hex: the same keys and ids in every run. */
  seed?: string;
  user?: UserInput;
  /** Native messaging (the default), or HTTP. */
  native?: boolean;
  /** In Chromium too, a script in the pages instead of the extension, as Firefox and WebKit have. */
  inject?: boolean;
  /** Of the browser. Otherwise Playwright's own if it was downloaded, or /usr/bin/chromium. */
  executablePath?: string;
  /** Otherwise what the suite says under `use`. */
  headless?: boolean;
}

export interface Options extends HelloOptions {
  /** Otherwise SOFTHELLO_BINARY, or `softhello` on the PATH. */
  binary?: string;
  /** More arguments for `softhello serve`. */
  serverArgs?: string[];
}

export interface Delayed {
  /** How long the user takes. */
  delayMs?: number;
}

export interface User {
  approve(options?: Delayed): Promise<UserScript>;
  decline(options?: Delayed): Promise<UserScript>;
  /** Nobody reacts until the page's timeout is over. */
  timeout(options?: Delayed): Promise<UserScript>;
  wrongPin(options?: Delayed): Promise<UserScript>;
  /** Every ceremony waits for `answer`, or for the inspector. */
  ask(): Promise<UserScript>;
  /** One entry for each of the next ceremonies; then the user does what they did before. */
  script(next: Does[]): Promise<UserScript>;
  set(user: UserInput): Promise<UserScript>;
  /** Answers the next question of a user that does `ask`; where a PIN is asked for, with the right one unless told. */
  answer(answer: "yes" | "no", options?: { pin?: string; timeout?: number }): Promise<Question>;
}

/** Of the account that is signed in. */
export interface Passkeys {
  list(): Promise<Passkey[]>;
  delete(passkey: string | Passkey): Promise<void>;
  /** Deletes those that can be deleted, and says how many these were. */
  clear(): Promise<number>;
  update(passkey: string | Passkey, changes: PasskeyChanges): Promise<Passkey>;
  /** With private keys. */
  export(): Promise<ExportedPasskeys>;
  import(document: ExportedPasskeys): Promise<{ imported: number }>;
}

export type PasskeyChanges = Body<"/api/devices/{device}/accounts/{account}/passkeys/{id}", "patch">;
export type ExportedPasskeys = Answer<"/api/devices/{device}/accounts/{account}/export", "get">;

export interface Accounts {
  list(): Promise<Account[]>;
  add(name: string, options?: { kind?: Account["kind"]; pin?: boolean }): Promise<Account>;
  /** Signs it in: passkeys, whfb and the browser are then that account's. */
  use(name: string): Promise<Device>;
  delete(name: string): Promise<void>;
  setPin(pin: string, account?: string): Promise<void>;
  /** Windows Hello cannot be used then. */
  removePin(account?: string): Promise<void>;
  deleteContainer(account?: string): Promise<void>;
}

/** Windows Hello for Business, of the account that is signed in. */
export interface Whfb {
  provision(upn?: string): Promise<{ upn: string; inTenant: boolean }>;
  /** Removes the method in the tenant; the key stays in the container. */
  remove(upn: string): Promise<void>;
}

export interface Hello {
  /** As it was when something was last changed through here. */
  readonly device: Device;
  readonly user: User;
  readonly passkeys: Passkeys;
  readonly accounts: Accounts;
  readonly whfb: Whfb;
  /** A link that opens the inspector in another browser. */
  readonly inspector: string;
  /** Every path of openapi.json. */
  readonly api: Api;
  /** Asks for `device` again. */
  refresh(): Promise<Device>;
  /** Unplugs the device and plugs it in. */
  powerCycle(): Promise<void>;
  /** The last ceremony, or the one with this id. */
  trace(): Promise<Trace | undefined>;
  trace(id: number): Promise<Trace>;
  /** The ceremonies so far, oldest first. */
  traces(): Promise<TraceSummary[]>;
}

/** softhello refused something, or cannot be reached. */
export class SofthelloError extends Error {
  /** The HTTP status, if there was an answer. */
  readonly status: number | undefined;
  /** Name of the DOMException that a page would see. */
  readonly exception: string | null;
  readonly chain: string | null;
  readonly hint: string | null;
}

export interface HelloFixtures {
  hello: Hello;
  helloOptions: HelloOptions;
}

/** For `base.extend()`: `hello`, and a `context` and `page` whose passkeys are softhello's. */
export function softhello(
  options?: Options,
): Fixtures<
  HelloFixtures,
  {},
  PlaywrightTestArgs & PlaywrightTestOptions,
  PlaywrightWorkerArgs & PlaywrightWorkerOptions
>;

// openapi.json as types.

type Method = "get" | "post" | "put" | "patch" | "delete";
type Operation<P extends keyof paths, M extends Method> = NonNullable<paths[P][M & keyof paths[P]]>;
type MethodOf<P extends keyof paths> = {
  [M in Method]: M extends keyof paths[P] ? (NonNullable<paths[P][M]> extends never ? never : M) : never;
}[Method];

type Body<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { requestBody?: infer R }
    ? [NonNullable<R>] extends [never]
      ? never
      : Json<NonNullable<R>>
    : never;
type Json<R> = R extends { content: { "application/json": infer B } } ? B : never;
type Parameters<P extends keyof paths, M extends Method, K extends "path" | "query"> =
  Operation<P, M> extends { parameters: { [N in K]?: infer V } } ? NonNullable<V> : never;
type Content<R> = R extends { content: { "application/json": infer A } } ? A : undefined;
type Success<R> = { [S in keyof R]: S extends 200 | 201 | 204 ? Content<R[S]> : never }[keyof R];
type Answer<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { responses: infer R } ? Success<R> : never;

type Needed<K extends string, V> = [V] extends [never] ? { [N in K]?: never } : { [N in K]: V };
type Request<P extends keyof paths, M extends Method> = Needed<"path", Parameters<P, M, "path">> &
  Needed<"body", Body<P, M>> & { query?: Parameters<P, M, "query">; signal?: AbortSignal };

/** `hello.api("GET", "/api/devices/{device}", { path: { device: hello.device.id } })` */
export interface Api {
  <P extends keyof paths, U extends Uppercase<MethodOf<P>>>(
    method: U,
    path: P,
    ...request: {} extends Request<P, Named<U>> ? [Request<P, Named<U>>?] : [Request<P, Named<U>>]
  ): Promise<Answer<P, Named<U>>>;
}
type Named<U extends string> = Lowercase<U> & Method;
