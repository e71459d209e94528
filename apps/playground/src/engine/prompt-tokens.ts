import type { Tokenizer } from '@hybra/tokenizer';
import type { Prompt } from './protocol.js';

/**
 * The tokens that a branch has before it goes on: a new text, a rendered conversation, or what it has. A model
 * without a chat template continues what was said as plain text.
 * @throws E_CONFIG when the chat template refuses the messages
 */
export function promptTokens(
  tokenizer: Tokenizer,
  prompt: Prompt,
  ids: readonly number[],
): readonly number[] {
  switch (prompt.kind) {
    case 'continue':
      return ids;
    case 'text':
      return tokenizer.encode(prompt.text);
    case 'chat':
      if (!tokenizer.hasChatTemplate) {
        return tokenizer.encode(`${prompt.messages.map(({ content }) => content).join('\n')}\n`);
      }
      return tokenizer.encode(tokenizer.applyChatTemplate(prompt.messages, { addGenerationPrompt: true }), {
        addSpecialTokens: false,
        parseSpecialTokens: true,
      });
  }
}
