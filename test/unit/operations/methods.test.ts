import { expect, it } from '@jest/globals';
import { label } from '../../../nodes/LumaVideo/operations/methods';
import type { Generation } from '../../../nodes/LumaVideo/providers/provider';
import { generation } from '../providers/support';

const KITE: Partial<Generation> = { generationId: 'gen-1', status: 'completed', prompt: 'A red\n kite', createdAt: '2026-01-05T23:30:10Z' };

it.each<[string, Partial<Generation>, string]>([
	['date and status first, then the prompt', {}, '2026-01-06 00:30, completed: A red kite'],
	['a time without a zone as UTC', { createdAt: '2026-01-05T23:30:10' }, '2026-01-06 00:30, completed: A red kite'],
	['no date where none is known', { createdAt: null, status: 'processing' }, 'processing: A red kite'],
	['the ID where no prompt is known', { prompt: ' ' }, '2026-01-06 00:30, completed: gen-1'],
	['the beginning of a long prompt', { createdAt: null, prompt: 'x'.repeat(80) }, `completed: ${'x'.repeat(59)}…`],
])('a generation in a drop-down shows %s', (_, change, text) => {
	expect(label(generation({}, { ...KITE, ...change }), 'Europe/Berlin')).toBe(text);
});
