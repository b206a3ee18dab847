/** What the two APIs of Luma have in common. Pure. */
import { firstText, jsonOf, valueAt } from './answers';
import type { ProviderAnswer } from './provider';

/** `detail` is a text, or the list of a validator's findings `[{ loc, msg }]`; both forms occur. */
export function detailText(answer: ProviderAnswer): string | null {
	const json = jsonOf(answer);
	const detail = valueAt(json, 'detail') ?? valueAt(json, 'message') ?? valueAt(json, 'error');
	if (typeof detail === 'string') return detail;
	if (!Array.isArray(detail)) return null;
	const findings = detail
		.map((finding) => {
			const location = valueAt(finding, 'loc');
			const text = valueAt(finding, 'msg');
			const parts = Array.isArray(location) ? location.map((part) => firstText(part)) : [];
			const field = parts.filter((part) => part !== null && part !== 'body').join('.');
			if (typeof text !== 'string') return null;
			return field ? `${field}: ${text}` : text;
		})
		.filter((finding) => finding !== null);
	return findings.length > 0 ? findings.join('; ') : null;
}
