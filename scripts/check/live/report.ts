/** The report of a run, as Markdown that can be pasted into an issue: verdicts first, then what was asked and answered. */
import { isObject, jsonOf } from '../../../nodes/LumaVideo/providers/answers';
import type { JsonValue } from '../../../nodes/LumaVideo/providers/provider';
import { shapeOf } from '../../../test/samples';
import type { Guess } from './guesses';
import { guessesUnder } from './guesses';
import type { Need, Verdict } from './probes';
import { generalProbes, probes } from './probes';
import type { Observations, StepName, Traffic } from './observations';
import { STEPS } from './observations';
import { refusedRequests } from './refusals';
import type { Redactor } from './redact';

/** GitHub takes 65,536 characters in one field. */
const MAX_LENGTH = 60_000;
/** Bodies are cut to the first of these lengths with which the report is short enough, in characters. */
const BODY_LENGTHS = [2000, 800, 200] as const;
/** Of a step with many requests, such as the reads of one video, the first and the last are shown. */
const SHOWN_OF_STEP = 6;

export interface Judged {
	guess: Guess;
	/** `null`: nothing observes it. */
	need: Need | null;
	verdict: Verdict;
}

export function judge(seen: Observations): Judged[] {
	const { id, displayName } = seen.provider;
	const observed = [...generalProbes, ...probes[id]];
	return [...guessesUnder('All services'), ...guessesUnder(displayName)].map((guess) => {
		const probe = observed.find((each) => each.guess === guess.id);
		return { guess, need: probe?.need ?? null, verdict: probe?.judge(seen) ?? { verdict: 'not reached', evidence: null } };
	});
}

function cell(text: string): string {
	return text.replaceAll('|', '\\|').replace(/\s+/g, ' ');
}

function row(...cells: string[]): string {
	return `| ${cells.map(cell).join(' | ')} |`;
}

/** Why an observable guess was not reached. */
function missing(need: Need, { bought, calls }: Observations): string {
	if (need === 'buy' && !bought) return 'needs `--buy`';
	return need === 'listen' && !calls ? 'needs `--buy`, `--callback` and `--listen`' : 'was not seen in this run';
}

function verdictLines(seen: Observations, judged: readonly Judged[], redactor: Redactor): string[] {
	const reached = (['refuted', 'confirmed'] as const).flatMap((word) => judged.filter(({ verdict }) => verdict.verdict === word));
	const others = judged.filter(({ verdict }) => verdict.verdict === 'not reached');
	const table = reached.map(({ guess, verdict }) => {
		const isRefuted = verdict.verdict === 'refuted';
		const change = isRefuted ? `Change \`${guess.file}\`` : '';
		return row(isRefuted ? '**refuted**' : 'confirmed', `\`${guess.id}\``, guess.risk, guess.guess, guess.behavior, redactor.text(verdict.evidence ?? ''), change);
	});
	const open = others.flatMap(({ guess, need }) => (need === null ? [] : [`- \`${guess.id}\` ${missing(need, seen)}`]));
	const unseen = others.filter(({ need }) => need === null).map(({ guess }) => `\`${guess.id}\``);
	return [
		...(table.length > 0 ? [row('Verdict', 'Guess', 'Risk', 'Not settled', 'What the node does', 'Seen', 'If wrong'), '|---|---|---|---|---|---|---|', ...table] : []),
		'',
		'Not reached:',
		'',
		...open,
		...(unseen.length > 0 ? [`- nothing here observes ${unseen.join(', ')}`] : []),
	];
}

function block(text: string, maxLength: number): string[] {
	const shown = text.length > maxLength ? `${text.slice(0, maxLength)}\n… (${text.length - maxLength} characters more)` : text;
	return ['````', shown.replaceAll('````', "''''"), '````'];
}

function requestLine({ method, url }: Traffic, baseUrl: string, redactor: Redactor): string {
	return `${method} ${redactor.text(url).replace(redactor.text(baseUrl), '')}`;
}

/** Of a list, other generations of the account are nobody's business: of the first one only the types are shown. */
function withoutOthers(text: string, own: string | null): string {
	const strip = (value: JsonValue): JsonValue => {
		if (!Array.isArray(value)) return isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, strip(inner)])) : value;
		const isOwn = (entry: JsonValue): boolean => own !== null && JSON.stringify(entry).includes(own);
		const others = value.filter((entry) => !isOwn(entry));
		const left = others.length > 1 ? [`${others.length - 1} more`] : [];
		return [...value.filter(isOwn), ...others.slice(0, 1).map((entry) => shapeOf(entry) as JsonValue), ...left];
	};
	const json = jsonOf({ text });
	return json === undefined ? text : JSON.stringify(strip(json));
}

function exchange(traffic: Traffic, { baseUrl, bought }: Observations, redactor: Redactor, maxLength: number): string[] {
	const { body, answer: whole, fault, step } = traffic;
	const isList = step === 'list' || step === 'listAfter';
	const answer = whole && isList ? { ...whole, text: withoutOthers(whole.text, bought?.generationId ?? null) } : whole;
	const sent = body === null ? [] : [JSON.stringify(redactor.json(body), null, 2)];
	const headers = answer ? redactor.headers(answer.headers).map(([name, value]) => `${name}: ${value}`) : [];
	const received = answer ? [`HTTP ${answer.statusCode}`, ...headers, '', redactor.body(answer.text)] : [`no answer: ${redactor.text(fault ?? '')}`];
	return block([requestLine(traffic, baseUrl, redactor), ...sent, '', ...received].join('\n').trim(), maxLength);
}

function stepLines(step: StepName, seen: Observations, redactor: Redactor, maxLength: number): string[] {
	const all = seen.traffic.filter((each) => each.step === step);
	if (all.length === 0) return [];
	const half = SHOWN_OF_STEP / 2;
	const shown = all.length > SHOWN_OF_STEP ? [...all.slice(0, half), ...all.slice(-half)] : all;
	const left = all.length - shown.length;
	return [
		`<details><summary>${STEPS[step]}</summary>`,
		'',
		...(left > 0 ? [`${left} requests between the first ${half} and the last ${half} are left out.`, ''] : []),
		...shown.flatMap((each) => exchange(each, seen, redactor, maxLength)),
		'</details>',
		'',
	];
}

function callLines({ calls }: Observations, redactor: Redactor, maxLength: number): string[] {
	return (calls ?? []).flatMap(({ call, generationId, status, isGenuine }) => [
		`Call about generation ${generationId ?? '(none)'}, which is ${status ?? 'not said'}; signature ${isGenuine === null ? 'not checked' : isGenuine ? 'right' : 'wrong'}. Headers: ${Object.keys(call.headers).sort().join(', ')}.`,
		...block(redactor.body(call.text), maxLength),
		'',
	]);
}

/**
 * @param redactor knows the keys; learns here whose account it is
 * @param versions one line about the package and Node.js
 * @param date of the run, as text
 * @throws Error instead of returning a text that holds a key
 */
export function reportOf(seen: Observations, redactor: Redactor, versions: string, date: string): string {
	const { provider, results, traffic, calls, callbackUrl, bought } = seen;
	for (const { answer } of traffic) if (answer) redactor.learn(answer.text);
	for (const { call } of calls ?? []) redactor.learn(call.text);
	if (callbackUrl !== null) redactor.hide(callbackUrl, new URL(callbackUrl).host);
	const judged = judge(seen);
	const count = (word: Verdict['verdict']): number => judged.filter(({ verdict }) => verdict.verdict === word).length;
	const head = [
		`## check:live: ${provider.displayName}`,
		'',
		`${date}, ${versions}. ${bought ? 'One video was asked for.' : 'Nothing was bought.'}`,
		'',
		`**${count('refuted')} refuted**, ${count('confirmed')} confirmed, ${count('not reached')} not reached.`,
		'',
		...verdictLines(seen, judged, redactor),
		'',
		'### What was done',
		'',
		row('Step', 'As expected', 'Result'),
		'|---|---|---|',
		...results.map(({ step, outcome, said }) => row(STEPS[step], { ok: 'yes', trouble: '**no**', skipped: '–' }[outcome], redactor.text(said))),
		'',
		`The refused request is refused, free of charge, since ${refusedRequests[provider.id].since}.`,
		'',
		'### Requests and answers',
		'',
	];
	const texts = BODY_LENGTHS.map((length) =>
		[...head, ...(Object.keys(STEPS) as StepName[]).flatMap((step) => stepLines(step, seen, redactor, length)), ...callLines(seen, redactor, length)].join('\n'),
	);
	const text = texts.find((each) => each.length <= MAX_LENGTH) ?? String(texts.at(-1)).slice(0, MAX_LENGTH);
	if (redactor.leaks(text)) throw new Error('The report would have held the API key, so it is not written. Please report this without the report.');
	return `${text.trim()}\n`;
}
