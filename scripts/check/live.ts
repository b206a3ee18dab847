/**
 * Asks a real service what no document settles, and writes a report of which guesses hold:
 *
 *     npm run check:live -- --provider replicate
 *     npm run check:live -- --provider replicate --buy
 *
 * All that is free comes first. Only with `--buy`, and after the price was typed, one video is bought.
 */
import { removeAtEnd, stopSignal } from '../ending';
import { userFolder } from '../../test/engine/harness/environment';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { version } from '../../package.json';
import { fetchLater } from '../../nodes/LumaVideo/generation/failure';
import { systemClock } from '../../nodes/LumaVideo/generation/clock';
import { findProvider, providerIds, providers } from '../../nodes/LumaVideo/providers';
import type { Provider } from '../../nodes/LumaVideo/providers/provider';
import { isLocalHost, parseHttpUrl } from '../../nodes/LumaVideo/transport/address';
import { callbackFinding } from '../../nodes/LumaVideo/transport/callbackAddress';
import { samples } from '../../test/samples';
import type { Plan } from './live/cheapest';
import { planText, priceText } from './live/cheapest';
import { checkLive } from './live/check';
import type { Listener } from './live/listener';
import { listen } from './live/listener';
import { Redactor } from './live/redact';
import { judge, reportOf } from './live/report';

const outputFolder = join(__dirname, '..', '..', 'output');
const EXIT_REFUTED = 1;
const EXIT_UNUSABLE = 2;
/** What Node.js makes of Ctrl+C. */
const EXIT_STOPPED = 130;

/** Something the reader of the message can act on: no stack is shown. */
class Unusable extends Error {}

const HELP = `npm run check:live -- --provider ID [options]

  --provider ID     ${providerIds.join(', ')}
  --buy             also buys the cheapest video from text, after the price was typed
  --callback URL    the public address that the service is to call about that video
  --listen PORT     receives these calls here; the address must lead to this port
  --report FILE     where the report goes (output/check-live-ID.md)
  --base-url URL    another address of the service, such as a proxy or a test server
  --prompt TEXT     of the video

The API key is taken from the environment:
${providerIds.map((id) => `  ${samples[id].keyVariable.padEnd(24)}${providers[id].displayName}`).join('\n')}
`;

interface Options {
	provider: Provider;
	key: string;
	baseUrl: string;
	buy: boolean;
	callbackUrl: string | null;
	port: number | null;
	report: string;
	prompt: string;
}

function readOptions(): Options {
	const { values } = parseArgs({
		options: {
			'base-url': { type: 'string' },
			buy: { type: 'boolean' },
			callback: { type: 'string' },
			listen: { type: 'string' },
			prompt: { type: 'string' },
			provider: { type: 'string' },
			report: { type: 'string' },
			help: { type: 'boolean' },
		},
	});
	if (values.help || values.provider === undefined) {
		process.stdout.write(HELP);
		process.exit(values.help ? 0 : EXIT_UNUSABLE);
	}
	const provider = findProvider(values.provider);
	if (!provider) throw new Unusable(`--provider cannot be ${values.provider}. Possible: ${providerIds.join(', ')}.`);
	const { keyVariable, baseUrl: usual } = samples[provider.id];
	const key = process.env[keyVariable]?.trim() ?? '';
	if (key === '') throw new Unusable(`Put the API key of ${provider.displayName} into the environment variable ${keyVariable}.`);
	const baseUrl = values['base-url'] ?? usual;
	const address = parseHttpUrl(baseUrl);
	if (!address) throw new Unusable('--base-url must be a web address, such as https://example.com.');
	const callbackUrl = values.callback ?? null;
	const finding = callbackUrl === null ? null : provider.callbacks ? callbackFinding(provider, callbackUrl, isLocalHost(address.hostname)) : `is not possible: ${provider.displayName} does not call back`;
	if (finding !== null) throw new Unusable(`--callback ${finding}.`);
	if (callbackUrl !== null && !values.buy) throw new Unusable('--callback needs --buy: only a video is called about.');
	const port = values.listen === undefined ? null : Number(values.listen);
	if (port !== null && (callbackUrl === null || !Number.isInteger(port) || port < 1 || port > 65535)) {
		throw new Unusable('--listen must be the number of a port, and needs --callback with the address that leads to it.');
	}
	return {
		provider,
		key,
		baseUrl,
		buy: values.buy ?? false,
		callbackUrl,
		port,
		report: resolve(values.report ?? join(outputFolder, `check-live-${provider.id}.md`)),
		prompt: values.prompt ?? 'A paper boat on a pond',
	};
}

/** One line from whoever runs this; empty when there is none. */
async function typed(): Promise<string> {
	const input = createInterface({ input: process.stdin });
	const stop = (): void => {
		input.close();
	};
	stopSignal.addEventListener('abort', stop);
	try {
		for await (const line of input) return line.trim();
		return '';
	} finally {
		stopSignal.removeEventListener('abort', stop);
		input.close();
	}
}

async function main(): Promise<void> {
	removeAtEnd(userFolder);
	const options = readOptions();
	const { provider, key, callbackUrl, report } = options;
	const { credential: credentialType, credentialFields, wrongKey, unknownId } = samples[provider.id];
	const redactor = new Redactor([key]);
	const say = (line: string): void => {
		process.stdout.write(`${redactor.text(line)}\n`);
	};
	const confirm = async (plan: Plan): Promise<boolean> => {
		const price = priceText(plan);
		const cost = plan.usd === null ? `What it costs is not published; see ${provider.dashboardUrl}.` : `It costs about ${price}.`;
		process.stdout.write(`\nThis buys one video of ${provider.displayName}: ${planText(plan)}. ${cost}\nType "${price}" to buy it; anything else buys nothing: `);
		const isMeant = (await typed()) === price && !stopSignal.aborted;
		process.stdout.write('\n');
		return isMeant;
	};
	/** `undefined`: nothing was sent that buys. */
	let bought: string | null | undefined;
	let listener: Listener | null = null;
	try {
		listener = options.port === null ? null : await listen(options.port);
		mkdirSync(outputFolder, { recursive: true });
		const seen = await checkLive({
			provider,
			credentialType,
			fields: credentialFields(key, options.baseUrl),
			wrongFields: credentialFields(wrongKey.key, options.baseUrl),
			unknownId,
			prompt: options.prompt,
			...(options.buy ? { confirm } : {}),
			callbackUrl,
			listener,
			folder: outputFolder,
			clock: systemClock,
			signal: stopSignal,
			say,
			onBought(generationId) {
				bought = generationId;
			},
		});
		const text = reportOf(seen, redactor, `n8n-nodes-luma-video ${version}, Node.js ${process.version}`, new Date().toISOString().slice(0, 10));
		mkdirSync(dirname(report), { recursive: true });
		writeFileSync(report, text);
		const refuted = judge(seen).filter(({ verdict }) => verdict.verdict === 'refuted').map(({ guess }) => guess.id);
		say(`\nReport: ${report}`);
		if (refuted.length > 0) say(`Refuted: ${refuted.join(', ')}. The report says which file to change; please open an issue with it.`);
		process.exitCode = refuted.length > 0 ? EXIT_REFUTED : 0;
	} finally {
		await listener?.close();
		if (stopSignal.aborted) {
			say(`\n${whatStopped(provider, bought)}`);
			process.exitCode = EXIT_STOPPED;
		}
	}
}

function whatStopped({ dashboardUrl }: Provider, bought: string | null | undefined): string {
	if (bought === undefined) return 'Stopped. Nothing was bought.';
	if (bought === null) return `Stopped while the request was on its way. Whether a video was bought shows ${dashboardUrl}.`;
	return `Stopped. Generation ${bought} was bought and is not deleted. ${fetchLater(bought)}`;
}

main()
	.catch((error: unknown) => {
		// n8n's errors say what to do in their description.
		const { message, description } = error as Error & { description?: string | null };
		process.stderr.write(`${[message, description].filter(Boolean).join('. ')}\n`);
		process.exitCode = EXIT_UNUSABLE;
	})
	.finally(() => {
		// Whatever n8n's client still holds open must not keep the command from ending.
		process.exit();
	});
