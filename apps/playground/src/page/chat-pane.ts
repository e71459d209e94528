import type { ChatMessage } from '@hybra/tokenizer';
import { type BranchView, emptyBranch } from './branch-view.js';
import type { Pane, PaneOptions } from './complete-pane.js';
import { element } from './element.js';
import { createPromptForm } from './prompt-form.js';

/**
 * A conversation. What both sides said is never processed twice: the engine goes on from the state of what the
 * rendered conversation shares with the one before.
 * @param branchId an empty branch of the engine
 */
export function createChatPane(options: PaneOptions & { branchId: number; hasChatTemplate: boolean }): Pane {
  const { writer, readSampling, onShow, hasChatTemplate } = options;
  const branch: BranchView = emptyBranch(options.branchId, 'Conversation');
  const messages: ChatMessage[] = [];
  let answer: HTMLElement | undefined;

  const log = element('div', { class: 'chat', role: 'log', 'aria-label': 'Conversation', tabindex: 0 });
  const form = createPromptForm({
    name: 'chat',
    label: 'Your message',
    submit: 'Send',
    text: '',
    onSubmit: (text) => void send(text),
    onStop: () => writer.stop(),
  });

  async function send(text: string): Promise<void> {
    const choice = readSampling();
    if (!choice || writer.isWriting || text.trim() === '') return;
    messages.push({ role: 'user', content: text });
    answer = element('p', { class: 'message assistant' });
    log.append(element('p', { class: 'message user' }, text), answer);
    form.clear();
    // Without a template nothing in the text says where an answer ends: an empty line does.
    const stop = hasChatTemplate ? choice.stop : [...choice.stop, '\n\n'];
    const result = await writer.write(branch, { kind: 'chat', messages: [...messages] }, { ...choice, stop });
    if (result) messages.push({ role: 'assistant', content: answerText() });
    else messages.pop();
    if (answerText() === '') answer.remove();
    answer = undefined;
  }

  function answerText(): string {
    const written = branch.tokens.slice(branch.promptLength);
    return written.map(({ text }) => text).join('') + branch.tail;
  }

  const notice = element(
    'p',
    { class: 'hint', hidden: hasChatTemplate },
    'This model has no chat template: it continues what was said, up to an empty line.',
  );
  return {
    root: element('div', { class: 'pane chat-pane' }, notice, log, form.root),
    current: branch,
    refresh() {
      if (answer) answer.textContent = answerText().trimStart();
      log.setAttribute('aria-busy', String(writer.isWriting));
      form.setBusy(writer.isWriting, false);
      onShow(branch);
    },
  };
}
