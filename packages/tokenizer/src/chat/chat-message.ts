/** One message of a conversation. Templates may read further fields, such as `tool_calls`. */
export interface ChatMessage {
  /** Such as `system`, `user`, `assistant` or `tool`. */
  readonly role: string;
  readonly content: unknown;
  readonly [field: string]: unknown;
}

/** Options of `applyChatTemplate`. */
export interface ChatTemplateOptions {
  /** Ends with the words that open the assistant's answer. Default is `false`. */
  readonly addGenerationPrompt?: boolean;
  /** Tools in the JSON form that the model's template expects. */
  readonly tools?: readonly unknown[];
  /**
   * Which of several named templates. Default is `tool_use` when tools are given and there is one of that name,
   * otherwise `default`.
   */
  readonly template?: string;
  /** Further variables for the template, such as `enable_thinking`. */
  readonly variables?: Readonly<Record<string, unknown>>;
}
