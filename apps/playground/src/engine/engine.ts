import { HybraError } from '@hybra/spec';
import { alternatives } from './alternatives.js';
import { Branch } from './branch.js';
import { lookInside } from './inside/look-inside.js';
import type { CallName, EngineCalls, Place } from './protocol.js';
import { openSession, type Session } from './session.js';
import { trainSession } from './train-session.js';
import { write } from './write.js';

/** How a call is followed and stopped. */
export interface CallOptions<Name extends CallName> {
  readonly signal: AbortSignal;
  readonly onEvent: (event: EngineCalls[Name]['event']) => void;
}

/** The engine's calls as functions. */
export type Engine = {
  readonly [Name in CallName]: (
    argument: EngineCalls[Name]['argument'],
    options: CallOptions<Name>,
  ) => Promise<EngineCalls[Name]['result']>;
};

/** An engine without a model. Calls on a model are made one after the other. */
export function createEngine(): Engine {
  let session: Session | undefined;
  const opened = (): Session => {
    if (!session) throw new HybraError('E_ARGUMENT', 'No model is open. Choose one first.');
    return session;
  };
  const branchAt = ({ branch: index, position }: Place): Branch => {
    const branch = opened().branches[index];
    if (!branch || !Number.isInteger(position) || position < 1 || position > branch.ids.length) {
      throw new HybraError(
        'E_ARGUMENT',
        `There is no place ${position} in branch ${index}; it has ${branch?.ids.length ?? 'no'} tokens.`,
        { branch: index, position },
      );
    }
    return branch;
  };
  return {
    async open(choice, { signal, onEvent }) {
      // Two models at once may be more than the memory holds.
      const before = session;
      session = undefined;
      await before?.dispose();
      session = await openSession(choice, { signal, onProgress: onEvent });
      return session.facts;
    },
    async train(request, { signal, onEvent }) {
      const before = session;
      session = undefined;
      await before?.dispose();
      session = await trainSession(request, { signal, onStep: onEvent });
      return session.facts;
    },
    async write(request, { signal, onEvent }) {
      const branch = opened().branches[request.branch];
      if (!branch) throw new HybraError('E_ARGUMENT', `There is no branch ${request.branch}.`);
      return write(opened(), branch, request, { signal, onEvent });
    },
    async begin() {
      const { branches, runner } = opened();
      return { branch: branches.push(new Branch(runner)) - 1 };
    },
    async fork({ next, ...place }) {
      const branch = branchAt(place).fork(place.position);
      if (next !== undefined) branch.append([next]);
      return { branch: opened().branches.push(branch) - 1 };
    },
    async rewind(place) {
      branchAt(place).rewind(place.position);
      return null;
    },
    async alternatives({ count, ...place }) {
      return alternatives(opened(), branchAt(place), place.position, count);
    },
    async inside(place, { signal, onEvent }) {
      const ids = branchAt(place).ids.slice(0, place.position);
      return lookInside(opened().model, ids, { signal, onProgress: onEvent });
    },
  };
}
