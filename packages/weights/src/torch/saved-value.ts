/** A value of Python to save beside tensors; an object becomes an `argparse.Namespace` with these attributes. */
export type SavedValue = null | boolean | number | string | { readonly [attribute: string]: SavedValue };

/** Where a state dict lies in what is saved: a training checkpoint has it under `model`. */
export interface SavedRoot {
  /** Key of the state dict. */
  readonly key: string;
  /** What else is saved, by key. */
  readonly beside: Readonly<Record<string, SavedValue>>;
}
