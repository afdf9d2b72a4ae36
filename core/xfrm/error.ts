/** What is wrong with a state or policy, for who wrote it. */
export class XfrmError extends Error {
  override readonly name = "XfrmError";
  /** The word of `ip xfrm` it is about, where it is about one: an error can be shown under it. */
  readonly about: string | undefined;
  /** Which of the words behind that one: 0 is the word itself. */
  readonly behind: number;

  constructor(message: string, about?: string, behind = 1) {
    super(message);
    this.about = about;
    this.behind = behind;
  }
}
