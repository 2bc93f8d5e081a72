// What goes wrong in a notebook through its writer.

/** Something that cannot be shown. */
export class NotebookError extends Error {
  override readonly name = 'NotebookError';
}
