/**
 * Lets only a part of the mutants through: the share in MUTATION_SAMPLE, chosen by a hash of what the mutant is, so the
 * same ones each time. Stryker has no sampling of its own; a checker may turn mutants down before any test runs.
 */
import { createHash } from 'node:crypto';
import { CheckStatus } from '@stryker-mutator/api/check';
import { PluginKind, declareClassPlugin } from '@stryker-mutator/api/plugin';

const seed = 'n8n-nodes-luma-video';

/** From 0 up to, not including, 1. */
function lot({ fileName, location, mutatorName, replacement }) {
	const path = fileName.replaceAll('\\', '/');
	const name = JSON.stringify([seed, path.slice(path.lastIndexOf('nodes/LumaVideo/')), location, mutatorName, replacement]);
	return createHash('sha256').update(name).digest().readUInt32BE() / 2 ** 32;
}

class Sample {
	async init() {}

	async check(mutants) {
		const isChosen = (mutant) => lot(mutant) < Number(process.env.MUTATION_SAMPLE);
		return Object.fromEntries(
			mutants.map((mutant) => [
				mutant.id,
				isChosen(mutant)
					? { status: CheckStatus.Passed }
					: { status: CheckStatus.CompileError, reason: 'not in the sample' },
			]),
		);
	}

	async group(mutants) {
		return mutants.map(({ id }) => [id]);
	}
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Checker, 'sample', Sample)];
