/**
 * Writes docs/guesses.md from the lists of guesses of the providers, each with the probe of check:live that observes it.
 *
 *     npm run docs:guesses
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Guess } from '../../nodes/LumaVideo/providers/guesses';
import { RISKS, generalGuesses, guesses } from '../../nodes/LumaVideo/providers/guesses';
import { providerIds, providers } from '../../nodes/LumaVideo/providers';
import type { Probe } from '../check/live/probes';
import { generalProbes, probes } from '../check/live/probes';
import { withProbes } from '../check/live/report';

export const guessesPath = join(__dirname, '..', '..', 'docs', 'guesses.md');

const risks = Object.entries(RISKS).map(([risk, means]) => `- **${risk === 'none' ? '–' : risk}**: ${means}`).join('\n');

const INTRODUCTION = `<!-- Made by npm run docs:guesses from nodes/LumaVideo/providers/*.guesses.ts -->

# What no document settles

This package was written from the services' public documentation, and tested against a stand-in made from it, not against the paid
services. Where no document says how a service behaves, where two disagree, or where only third parties report it, something had to be
assumed. This page lists every such fact, what the node does about it, and what happens if that is wrong. **Additional Body Fields**
replaces any field of a request.

After an answer that leaves open whether a video was bought, a request is never sent again. Only a service that says that it refused a
request, and charges for it all the same, could be paid twice: the rows where that is assumed not to happen say so.

Risks, the worst first:

${risks}

With a key, \`npm run check:live -- --provider <id>\` asks the service itself and writes a report. The last column says what that takes:
nothing (**free**), one video (**buy**), or one video and an address that the service can call (**listen**).`;

function section(title: string, list: readonly Guess[], observed: readonly Probe[]): string {
	const rows = withProbes(list, observed).map(({ guess, probe }) => {
		const { id, risk, behavior, ifWrong } = guess;
		const cells = [`\`${id}\``, risk === 'none' ? '–' : risk, guess.guess, behavior, ifWrong === '' ? '–' : ifWrong, probe?.need ?? '–'];
		return `| ${cells.join(' | ')} |`;
	});
	return [`## ${title}`, '', '| Guess | Risk | Not settled | What the node does | If that is wrong | Checked |', '|---|---|---|---|---|---|', ...rows].join('\n');
}

/** The whole document. */
export function guessesDocument(): string {
	const sections = [
		section('All services', generalGuesses, generalProbes),
		...providerIds.map((id) => section(providers[id].displayName, guesses[id], probes[id])),
	];
	return `${[INTRODUCTION, ...sections].join('\n\n')}\n`;
}

if (require.main === module) writeFileSync(guessesPath, guessesDocument());
