/** Takes out of a report what nobody may read: keys in every form, signed addresses, e-mail addresses, names of accounts. */
import type { JsonValue } from '../../../nodes/LumaVideo/providers/provider';
import { isObject, jsonOf } from '../../../nodes/LumaVideo/providers/answers';

const HIDDEN = '[redacted]';

/** A shorter text is no key, and could occur anywhere. */
const MIN_LENGTH = 6;

/** Fields whose value is a secret, or lets someone write to a storage. */
const SECRET_FIELD = /key$|secret|token|password|authorization|signature|credential|policy|cookie|^fields$|^form_fields$|^headers$|^upload(_url)?$/i;
/** Fields that say whose account it is. Their values are taken out of all other texts too. */
const ACCOUNT_FIELD = /^(user_?name|login|name|display_name|full_name|first_name|last_name|owner|organi[sz]ation|team|company|account|account_id|user|user_id|e?mail)$/i;

/** Headers that say something about a service, and nothing about its user. */
const SHOWN_HEADERS = /^(content-type|retry-after(-ms)?|x-ratelimit-[\w-]+|ratelimit-[\w-]+|x-api-version|x-fal-(error-type|retryable|needs-retry)|location)$/;

/** Keys of these services by their form, wherever they come from. */
const KEY_FORMS = /\b(?:(?:luma-api-|sk-|key_|r8_|whsec_)[\w+/=-]{4,}|luma-[0-9a-f]{8}-[\w-]+|(?:Bearer|Key) +[\w:+/=.~-]{6,})/g;
const EMAIL = /[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+/g;
/** Also with its slashes escaped, or encoded as a part of another address. */
const WEB_ADDRESS = /\bhttps?:(?:\\*\/){2}[^\s"'<>]+/gi;
const ENCODED_ADDRESS = /\bhttps?%3A%2F%2F[^\s"'<>&]+/gi;

function escaped(text: string): string {
	return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}

/** The part of the Base64 of any text with this one in it that does not depend on what stands around. */
function base64Cores(text: string): string[] {
	const bytes = Buffer.from(text);
	return [0, 1, 2].map((offset) => {
		const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
		return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
	});
}

/** How a secret can look in a text. */
export function formsOf(secret: string): string[] {
	const quoted = JSON.stringify(secret).slice(1, -1);
	const cores = base64Cores(secret);
	const encoded = encodeURIComponent(secret);
	const everyByte = [...Buffer.from(secret)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
	return [
		secret,
		quoted,
		JSON.stringify(quoted).slice(1, -1),
		encoded,
		encodeURIComponent(encoded),
		everyByte,
		...cores,
		...cores.map((core) => core.replaceAll('+', '-').replaceAll('/', '_')),
		...cores.map(encodeURIComponent),
		Buffer.from(secret).toString('hex'),
	].filter((form) => form.length >= MIN_LENGTH);
}

export class Redactor {
	private readonly forms = new Set<string>();
	private readonly keyForms: readonly string[];
	private pattern = /(?!)/g;

	/** @param secrets keys, of which each part between colons is one too */
	constructor(secrets: readonly string[]) {
		this.hide(...secrets.flatMap((secret) => [secret, ...secret.split(':')]));
		this.keyForms = [...this.forms];
	}

	/** Takes texts out from now on, in every form. */
	hide(...texts: string[]): void {
		for (const text of texts) if (text.length >= MIN_LENGTH) for (const form of formsOf(text)) this.forms.add(form);
		// The longest first, so that no rest of it stays.
		const all = [...this.forms].sort((a, b) => b.length - a.length).map(escaped);
		if (all.length > 0) this.pattern = new RegExp(all.join('|'), 'gi');
	}

	/** Learns from an answer's body whose account it is. */
	learn(text: string): void {
		const walk = (value: JsonValue): void => {
			if (Array.isArray(value)) value.forEach(walk);
			else if (isObject(value)) {
				for (const [name, inner] of Object.entries(value)) {
					if (typeof inner === 'string' && (ACCOUNT_FIELD.test(name) || SECRET_FIELD.test(name))) this.hide(inner);
					walk(inner);
				}
			}
		};
		const json = jsonOf({ text });
		if (json !== undefined) walk(json);
	}

	/** A text of any kind. */
	text(text: string): string {
		return text
			.replace(WEB_ADDRESS, withoutQuery)
			.replace(ENCODED_ADDRESS, HIDDEN)
			.replace(this.pattern, HIDDEN)
			.replace(KEY_FORMS, HIDDEN)
			.replace(EMAIL, HIDDEN);
	}

	/** A body, as JSON where it is JSON. */
	body(text: string): string {
		const json = jsonOf({ text });
		return this.text(json === undefined ? text : JSON.stringify(this.json(json), null, 2));
	}

	json(value: JsonValue, name = ''): JsonValue {
		const isFilled = value !== null && value !== '';
		if (isFilled && typeof value !== 'boolean' && (SECRET_FIELD.test(name) || (ACCOUNT_FIELD.test(name) && !isObject(value)))) return HIDDEN;
		if (Array.isArray(value)) return value.map((each) => this.json(each));
		if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [this.text(key), this.json(inner, key)]));
		// JSON in a text, as some gateways nest it.
		if (typeof value === 'string' && /^\s*[[{]/.test(value) && jsonOf({ text: value }) !== undefined) return this.body(value);
		return typeof value === 'string' ? this.text(value) : value;
	}

	headers(headers: Readonly<Record<string, string>>): Array<[string, string]> {
		return Object.entries(headers).flatMap(([name, value]): Array<[string, string]> => (SHOWN_HEADERS.test(name) ? [[name, this.text(value)]] : []));
	}

	/** Whether a text still holds a key: then it must not be shown. */
	leaks(text: string): boolean {
		const lower = text.toLowerCase();
		return this.keyForms.some((form) => lower.includes(form.toLowerCase()));
	}
}

/** Paging is no secret. */
const SHOWN_QUERY = /^[?&]?(?:limit|offset)=\d+(?:&(?:limit|offset)=\d+)*$/;

function withoutQuery(address: string): string {
	const [, path = '', query = ''] = /^([^?#]*)(.*)$/.exec(address) ?? [];
	const shown = path.replace(/^(https?:(?:\\*\/){2})[^/\\]*@/i, `$1${HIDDEN}@`);
	return query === '' || SHOWN_QUERY.test(query) ? shown + query : `${shown}?${HIDDEN}`;
}
