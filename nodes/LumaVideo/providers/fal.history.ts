/**
 * The account's past requests at fal.ai ("List requests by endpoint(s)" of the Platform APIs, at api.fal.ai): those that
 * ended within the last 24 hours, newest end first, with what was sent and what was given. Pure.
 */
import { firstText, isObject, isSameInput, valueAt } from './answers';
import { generationIn, read } from './fal.answers';
import { bodyOf } from './fal.body';
import { ALL_ENDPOINTS, atSibling, endpointOf } from './fal.endpoints';
import type { JsonObject, Listing } from './provider';

/** What the models take when a request leaves it open. */
const DEFAULTS: JsonObject = {
	aspect_ratio: '16:9',
	duration: '5s',
	resolution: '540p',
	loop: false,
	hdr: false,
	exr_export: false,
};

export const listing: Listing = {
	// Sorted by when they ended; nothing says that others are in it.
	endedOnly: true,
	call: ({ limit, cursor }) => ({
		method: 'GET',
		path: '/v1/models/requests/by-endpoint',
		sibling: atSibling('api.fal.ai'),
		query: {
			endpoint_id: ALL_ENDPOINTS.join(','),
			expand: 'payloads',
			limit: Math.min(limit, 100),
			...(cursor === null ? {} : { cursor }),
		},
	}),
	read: (answer) =>
		read(
			answer,
			'account',
			(json) => {
				const items = valueAt(json, 'items');
				if (!Array.isArray(items)) return null;
				const next = valueAt(json, 'has_more') === false ? null : firstText(valueAt(json, 'next_cursor'));
				return { generations: items.map(generationIn).filter((generation) => generation !== null), next };
			},
			'the list',
		),
	isSameRequest: ({ raw }, request) =>
		isObject(raw.json_input) && raw.endpoint_id === endpointOf(request) && isSameInput(raw.json_input, bodyOf(request), DEFAULTS),
};
