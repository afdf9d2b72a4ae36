import { dataPlaneWorker } from "./worker.ts";

/** Entry of the data-plane Worker when the code runs from its source files. */
await dataPlaneWorker();
