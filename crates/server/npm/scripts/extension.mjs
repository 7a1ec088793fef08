// Who installs this package as a copy needs a copy of the extension, which in the repository lies beside it.

import { cp, rm } from "node:fs/promises";

const COPY = new URL("../extension", import.meta.url);

await rm(COPY, { recursive: true, force: true });
await cp(new URL("../../extension", import.meta.url), COPY, { recursive: true });
