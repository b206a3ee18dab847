/** A strict check of request bodies against the fields, types and values that a provider documents. */
import { isObject } from './http';

export type Shape =
	| { type: 'string'; values?: readonly string[]; url?: boolean; filled?: boolean }
	| { type: 'integer'; values?: readonly number[]; min?: number }
	| { type: 'number'; min?: number; max?: number }
	| { type: 'boolean' }
	| { type: 'array'; items: Shape; min?: number; max?: number }
	| { type: 'object'; fields: Fields; open?: boolean };

export type Field = Shape & { required?: boolean; nullable?: boolean };
export type Fields = Record<string, Field>;

export interface Problem {
	kind: 'missing' | 'unknown' | 'type' | 'value';
	/** Where, from the body's root: `['options', 'duration']`. */
	path: string[];
	message: string;
	input: unknown;
}

/** Where resellers of Ray 2 take the source of a reframing to be: in whole pixels. */
export const GRID_FIELDS: Fields = Object.fromEntries(
	['grid_position_x', 'grid_position_y', 'x_start', 'x_end', 'y_start', 'y_end'].map((name) => [name, { type: 'integer' }]),
);

/** Everything in `value` that `shape` does not allow, in document order. */
export function findProblems(value: unknown, shape: Shape, path: string[] = []): Problem[] {
	const wrong = (kind: Problem['kind'], message: string): Problem[] => [{ kind, path, message, input: value }];
	switch (shape.type) {
		case 'boolean':
			return typeof value === 'boolean' ? [] : wrong('type', 'must be a boolean');
		case 'integer':
			if (typeof value !== 'number' || !Number.isInteger(value)) return wrong('type', 'must be an integer');
			if (shape.values && !shape.values.includes(value))
				return wrong('value', `must be one of ${shape.values.join(', ')}`);
			if (value < (shape.min ?? -Infinity)) return wrong('value', `must be at least ${shape.min}`);
			return [];
		case 'number':
			if (typeof value !== 'number') return wrong('type', 'must be a number');
			if (value < (shape.min ?? -Infinity) || value > (shape.max ?? Infinity))
				return wrong('value', `must be from ${shape.min ?? 'any number'} to ${shape.max ?? 'any number'}`);
			return [];
		case 'string':
			if (typeof value !== 'string') return wrong('type', 'must be a string');
			if (shape.values && !shape.values.includes(value))
				return wrong('value', `must be one of ${shape.values.join(', ')}`);
			if (shape.url && !isHttpUrl(value)) return wrong('value', 'must be a valid http or https URL');
			if (shape.filled && value.trim() === '') return wrong('value', 'must not be empty');
			return [];
		case 'array':
			if (!Array.isArray(value)) return wrong('type', 'must be an array');
			if (value.length < (shape.min ?? 0) || value.length > (shape.max ?? Infinity)) {
				return wrong('value', `must have ${shape.min ?? 0} to ${shape.max ?? 'any number of'} entries`);
			}
			return value.flatMap((entry: unknown, index) => findProblems(entry, shape.items, [...path, String(index)]));
		case 'object':
			return isObject(value) ? objectProblems(value, shape, path) : wrong('type', 'must be an object');
	}
}

function objectProblems(
	value: Record<string, unknown>,
	shape: Extract<Shape, { type: 'object' }>,
	path: string[],
): Problem[] {
	const problems: Problem[] = [];
	for (const [name, field] of Object.entries(shape.fields)) {
		const entry = value[name];
		if (entry === undefined) {
			if (field.required)
				problems.push({ kind: 'missing', path: [...path, name], message: 'is required', input: value });
		} else if (!(entry === null && field.nullable)) {
			problems.push(...findProblems(entry, field, [...path, name]));
		}
	}
	if (shape.open) return problems;
	for (const name of Object.keys(value)) {
		if (!(name in shape.fields))
			problems.push({ kind: 'unknown', path: [...path, name], message: 'is not a known field', input: value[name] });
	}
	return problems;
}

/** An address as it has to be written: spaces and letters beyond ASCII are encoded. */
export function isHttpUrl(text: string): boolean {
	if (!/^[\x21-\x7e]+$/.test(text)) return false;
	try {
		const { protocol, hostname } = new URL(text);
		return (protocol === 'http:' || protocol === 'https:') && hostname !== '';
	} catch {
		return false;
	}
}

/** `options.duration must be an integer` */
export function describeProblem(problem: Problem): string {
	return `${problem.path.join('.') || 'body'} ${problem.message}`;
}
