import { existsSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SofthelloError } from "./api.js";

// Beside this package in a checkout, where a copy in it may be old; in it everywhere else.
const EXTENSION = ["../../extension", "../extension"]
  .map((folder) => fileURLToPath(new URL(folder, import.meta.url)))
  .find((folder) => existsSync(join(folder, "manifest.json")));

export function extensionFolder() {
  if (EXTENSION) return EXTENSION;
  throw new SofthelloError("the package holds no extension", { hint: "install it again, with scripts allowed" });
}

/** A folder that goes with `remove()`, or with this process: a worker that ends early runs no fixture to its end. */
export async function temporaryFolder(prefix) {
  const path = await mkdtemp(join(tmpdir(), prefix));
  const options = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }; // a browser that ends still writes
  const abandon = () => rmSync(path, options);
  process.once("exit", abandon);
  const remove = async () => {
    process.removeListener("exit", abandon);
    await rm(path, options);
  };
  return { path, remove };
}
