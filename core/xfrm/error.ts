/** What is wrong with a state or policy, for who wrote it. */
export class XfrmError extends Error {
  override readonly name = "XfrmError";
}
