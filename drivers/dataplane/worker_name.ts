/** Name by which the one bundled file knows that it runs as the data plane. */
export const DATA_PLANE_WORKER = "weir-data-plane";
