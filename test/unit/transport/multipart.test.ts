import { describe, expect, it } from '@jest/globals';
import type { MultipartForm } from '../../../nodes/LumaVideo/transport/multipart';
import { encodeForm } from '../../../nodes/LumaVideo/transport/multipart';

const BYTES = Buffer.from([0xff, 0xd8, 0x00, 0x0d, 0x0a, 0x2d, 0x2d, 0xff]);

function form(name: string, fields: MultipartForm['fields'] = {}): MultipartForm {
	return { fields, file: { field: 'file', name, mimeType: 'image/jpeg', data: BYTES } };
}

/** Read by Node.js, which knows the format. */
async function read(given: MultipartForm): Promise<FormData> {
	const { body, contentType } = encodeForm(given);
	return await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
}

describe('a form with a file', () => {
	it('arrives byte by byte, with its name and type', async () => {
		const file = (await read(form('start.jpg'))).get('file');
		if (!(file instanceof File)) throw new Error('no file');
		expect([file.name, file.type]).toEqual(['start.jpg', 'image/jpeg']);
		expect(Buffer.from(await file.arrayBuffer())).toEqual(BYTES);
	});

	it('has its fields before the file, in their order', async () => {
		const entries: unknown[] = [];
		const sent = await read(form('a.jpg', { key: 'uploads/a b', policy: 'x\r\ny', 'Content-Type': 'image/jpeg' }));
		sent.forEach((value, name) => entries.push([name, typeof value === 'string' ? value : 'file']));
		expect(entries).toEqual([
			['key', 'uploads/a b'],
			['policy', 'x\r\ny'],
			['Content-Type', 'image/jpeg'],
			['file', 'file'],
		]);
	});

	it.each([
		['a"b.jpg', 'filename="a%22b.jpg"'],
		['a".jpg"; x="y', 'filename="a%22.jpg%22; x=%22y"'],
		['a\r\nX-Evil: 1\r\n\r\n.jpg', 'filename="a X-Evil: 1 .jpg"'],
		['a\nb\rc.jpg', 'filename="a b c.jpg"'],
	])('cannot be broken out of by the name %j', (name, header) => {
		const lines = encodeForm(form(name)).body.toString('latin1').split('\r\n');
		expect(lines).toContain(`Content-Disposition: form-data; name="file"; ${header}`);
		expect(lines.filter((line) => line.startsWith('X-Evil'))).toEqual([]);
	});

	it('has another boundary each time, so that no file can hold it', () => {
		expect(encodeForm(form('a.jpg')).contentType).not.toBe(encodeForm(form('a.jpg')).contentType);
	});
});
