import type { BranchView } from './branch-view.js';
import { element } from './element.js';

/** The branches of a text, to change between them. Hidden while there is only one. */
export function createBranchTabs(onChoose: (branch: BranchView) => void): {
  readonly root: HTMLElement;
  show(branches: readonly BranchView[], current: BranchView, isBusy: boolean): void;
} {
  const root = element('nav', { class: 'branches', 'aria-label': 'Branches', hidden: true });
  return {
    root,
    show(branches, current, isBusy) {
      root.hidden = branches.length < 2;
      root.replaceChildren(
        ...branches.map((branch) =>
          element(
            'button',
            {
              type: 'button',
              'aria-current': branch === current ? 'true' : undefined,
              disabled: isBusy,
              onclick: () => onChoose(branch),
            },
            branch.label,
          ),
        ),
      );
    },
  };
}
