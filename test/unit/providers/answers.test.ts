import { describe, expect, it } from '@jest/globals';
import {
	answerReader,
	firstText,
	firstUrl,
	isObject,
	isSuccess,
	jsonOf,
	problemOf,
	quote,
	retryAfterMs,
	valueAt,
} from '../../../nodes/LumaVideo/providers/answers';
import type { AnswerReader, Refusal } from '../../../nodes/LumaVideo/providers/answers';
import { mayHaveBeenAccepted } from '../../../nodes/LumaVideo/providers/provider';
import type { JsonValue, ProblemKind, ProviderAnswer } from '../../../nodes/LumaVideo/providers/provider';
import { answer } from './support';

describe('jsonOf', () => {
	it.each<[string, JsonValue | undefined]>([
		['{"a":1}', { a: 1 }],
		['[]', []],
		['null', null],
		['', undefined],
		['<html>', undefined],
		['{"a":', undefined],
	])('%j', (text, expected) => {
		expect(jsonOf(answer(200, text))).toEqual(expected);
	});
});

describe('isObject', () => {
	it.each<[JsonValue | undefined, boolean]>([
		[{}, true],
		[[], false],
		[null, false],
		[undefined, false],
		['a', false],
	])('%j: %s', (value, expected) => {
		expect(isObject(value)).toBe(expected);
	});
});

describe('isSuccess', () => {
	it.each([
		[199, false],
		[200, true],
		[202, true],
		[204, true],
		[299, true],
		[302, false],
		[404, false],
	])('HTTP %i: %s', (statusCode, expected) => {
		expect(isSuccess(answer(statusCode, ''))).toBe(expected);
	});
});

describe('firstText', () => {
	it.each<[Array<JsonValue | undefined>, string | null]>([
		[[undefined, null, '', '  ', 'found', 'late'], 'found'],
		[[0], '0'],
		[[Number.NaN, 'x'], 'x'],
		[[true, {}, []], null],
		[[], null],
	])('%j', (candidates, expected) => {
		expect(firstText(...candidates)).toBe(expected);
	});
});

describe('firstUrl', () => {
	it.each<[Array<JsonValue | undefined>, string | null]>([
		[[undefined, '', 'data:video/mp4;base64,AA', 'https://a.example/x'], 'https://a.example/x'],
		[['http://a.example'], 'http://a.example'],
		[['HTTPS://a.example'], 'HTTPS://a.example'],
		[['https://'], null],
		[['https:///x'], null],
		[['file:///etc/hosts', 'javascript:alert(1)', '/out.mp4', 5], null],
	])('%j', (candidates, expected) => {
		expect(firstUrl(...candidates)).toBe(expected);
	});
});

describe('valueAt', () => {
	const value = { list: [{ name: 'first' }], text: 'abc', nothing: null };
	it.each<[Array<string | number>, JsonValue | undefined]>([
		[['list', 0, 'name'], 'first'],
		[['list', 1, 'name'], undefined],
		[['list', '0'], undefined],
		[['list', 'length'], undefined],
		[['text', 0], undefined],
		[['text', 'length'], undefined],
		[['nothing', 'x'], undefined],
		[['nothing'], null],
		[[], value],
	])('%j', (path, expected) => {
		expect(valueAt(value, ...path)).toEqual(expected);
	});
});

describe('retryAfterMs', () => {
	const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
	it.each<[string, Record<string, string>, number | null]>([
		['nothing', {}, null],
		['seconds', { 'retry-after': '20' }, 20_000],
		['seconds with a fraction', { 'retry-after': '1.5' }, 1500],
		['zero', { 'retry-after': '0' }, 0],
		['spaces around', { 'retry-after': ' 3 ' }, 3000],
		['milliseconds', { 'retry-after-ms': '250' }, 250],
		['milliseconds before seconds', { 'retry-after-ms': '250', 'retry-after': '9' }, 250],
		['unreadable milliseconds', { 'retry-after-ms': 'soon', 'retry-after': '9' }, 9000],
		['negative milliseconds', { 'retry-after-ms': '-1' }, null],
		['a date', { 'retry-after': 'Wed, 21 Oct 2026 07:28:30 GMT', date }, 30_000],
		['a date that is past', { 'retry-after': 'Wed, 21 Oct 2026 07:27:00 GMT', date }, 0],
		['a date without a date to compare with', { 'retry-after': 'Wed, 21 Oct 2026 07:28:30 GMT' }, null],
		['a date behind a number', { 'retry-after': '5 Wed, 21 Oct 2026 07:28:30 GMT', date }, null],
		['a date with more behind it', { 'retry-after': 'Wed, 21 Oct 2026 07:28:30 GMT+2', date }, null],
		['a word', { 'retry-after': 'soon', date }, null],
		['a word with a number', { 'retry-after': 'soon 5', date }, null],
		['a negative number', { 'retry-after': '-5', date }, null],
		['an empty value', { 'retry-after': ' ' }, null],
	])('%s', (_, headers, expected) => {
		expect(retryAfterMs(answer(429, '', headers))).toBe(expected);
	});
});

describe('quote', () => {
	it('makes one line', () => {
		expect(quote(' a\n\t b  c ')).toBe('a b c');
	});

	it('cuts what is long', () => {
		const quoted = quote('x'.repeat(1000));
		expect(quoted).toHaveLength(300);
		expect(quoted.endsWith('…')).toBe(true);
	});
});

describe('problemOf', () => {
	it.each<[string | null | undefined, string]>([
		[undefined, 'Some Service refused the request'],
		[null, 'Some Service refused the request'],
		['  ', 'Some Service refused the request'],
		['Too\nlong.', 'Some Service refused the request: Too long'],
		['Wait ...', 'Some Service refused the request: Wait'],
	])('quotes %j', (providerText, message) => {
		expect(problemOf('invalidRequest', answer(400, ''), { displayName: 'Some Service', providerText }).message).toBe(
			message,
		);
	});
});

/** A service that answers `{ code, text }`, and says no in the body of a 200 with `code` 0. */
function service(refusals: readonly Refusal[] = []): AnswerReader {
	return answerReader({
		displayName: 'Some Service',
		refusals,
		said: (json) => ({ text: firstText(valueAt(json, 'text')), code: firstText(valueAt(json, 'code')) }),
		isRefusal: (json) => valueAt(json, 'code') === 0,
	});
}

const says = (statusCode: number, text: string, code: string | number | null = null) => answer(statusCode, { code, text });

describe('a refusal without a rule', () => {
	it.each<[number, ProblemKind, boolean]>([
		[301, 'redirected', false],
		[307, 'redirected', false],
		[400, 'invalidRequest', false],
		[401, 'credentials', false],
		[402, 'balance', false],
		[403, 'permission', false],
		[404, 'notFound', false],
		[408, 'unavailable', true],
		[409, 'invalidRequest', false],
		[410, 'notFound', false],
		[413, 'invalidRequest', false],
		[422, 'invalidRequest', false],
		[429, 'rateLimited', false],
		[500, 'unavailable', true],
		[502, 'unavailable', true],
		[503, 'unavailable', true],
		[504, 'unavailable', true],
		[529, 'unavailable', true],
		[100, 'unreadable', true],
	])('with HTTP %i: %s', (statusCode, kind, doubtful) => {
		const problem = service().problem(says(statusCode, 'Its words.'), 'create');
		expect(problem).toMatchObject({ kind, httpStatus: statusCode, retryAfterMs: null });
		expect(problem.message).toMatch(/^Some Service .*: Its words$/);
		expect(problem.advice).toMatch(/\.$/);
		expect(mayHaveBeenAccepted(problem)).toBe(doubtful);
	});

	it('names the status where the service says nothing', () => {
		const { message } = service().problem(answer(502, '<html>'), 'create');
		expect(message).toBe('Some Service could not handle the request at the moment: HTTP 502');
	});
});

describe('a rule for refusals', () => {
	const rule: Refusal = { kind: 'balance', message: 'Happened', advice: 'Do this.' };

	it('gives the words, and the provider says why', () => {
		const given = answer(403, { text: 'why' }, { 'retry-after': '2' });
		expect(service([{ ...rule, status: [403] }]).problem(given, 'create')).toEqual({
			kind: 'balance',
			message: 'Happened: why',
			advice: 'Do this.',
			httpStatus: 403,
			retryAfterMs: 2000,
		});
	});

	it.each<[string, Partial<Refusal>, Parameters<AnswerReader['problem']>, boolean]>([
		['its status', { status: [400, 403] }, [says(403, ''), 'create'], true],
		['another status', { status: [400, 403] }, [says(404, ''), 'create'], false],
		['its text', { says: /no money/ }, [says(400, 'there is no money'), 'create'], true],
		['another text', { says: /no money/ }, [says(400, 'no'), 'create'], false],
		['its code', { code: /^broke$/ }, [says(400, '', 'broke'), 'create'], true],
		['its code in the text', { code: /^broke$/ }, [says(400, 'broke'), 'create'], false],
		['what was asked', { asked: ['create'] }, [says(404, ''), 'create'], true],
		['something else that was asked', { asked: ['create'] }, [says(404, ''), 'generation'], false],
		['all of them', { status: [404], asked: ['file'], says: /x/ }, [says(404, 'x'), 'file'], true],
		['all but one', { status: [404], asked: ['file'], says: /x/ }, [says(404, 'y'), 'file'], false],
		// Whether something was bought is not known then, whatever the text says.
		['its text after a timeout', { says: /no money/ }, [says(408, 'no money'), 'create'], false],
		['its text after a 5xx', { says: /no money/ }, [says(500, 'no money'), 'create'], false],
		['its text and a 5xx that it names', { status: [500], says: /no money/ }, [says(500, 'no money'), 'create'], true],
	])('fits %s', (_, condition, given, fits) => {
		const { kind, message } = service([{ ...rule, ...condition }]).problem(...given);
		expect([kind === 'balance', message.startsWith('Happened')]).toEqual([fits, fits]);
	});

	it('counts before the rules after it', () => {
		const reader = service([{ says: /a/, message: 'First' }, { message: 'Second' }]);
		expect(['a', 'b'].map((text) => reader.problem(says(400, text), 'create').message)).toEqual(['First: a', 'Second: b']);
	});
});

describe('a successful answer', () => {
	const { read } = service([{ says: /no money/, kind: 'balance' }]);
	const id = (given: ProviderAnswer) => read(given, 'create', (json) => firstText(valueAt(json, 'id')), 'the ID');

	it('counts with a value in it, even where the body says no: what was paid for is not lost', () => {
		for (const code of [1, 0]) expect(id(answer(200, { code, id: 'a' }))).toEqual({ ok: true, value: 'a' });
	});

	it('without a value can be a refusal', () => {
		expect(id(says(200, 'no money', 0))).toMatchObject({ ok: false, problem: { kind: 'balance' } });
		expect(id(says(200, 'no', 0))).toMatchObject({ ok: false, problem: { kind: 'invalidRequest' } });
	});

	it.each([
		['', 'an empty answer'],
		['<html>', 'a web page'],
		['{}', 'an unknown answer'],
	])('of another kind is told: %j', (text, shape) => {
		expect(id(answer(200, text))).toEqual({
			ok: false,
			problem: {
				kind: 'unreadable',
				message: `Some Service sent ${shape} where the ID was expected (HTTP 200)`,
				advice: "Check 'Base URL' in the credential. If it is right, the service may have changed its answers.",
				httpStatus: 200,
				retryAfterMs: null,
			},
		});
	});

	it('with another status is none', () => {
		expect(id(answer(500, { id: 'a' }))).toMatchObject({ ok: false, problem: { kind: 'unavailable' } });
	});
});
