import { describe, expect, it } from '@jest/globals';
import { mediaTypeOf } from '../../../nodes/LumaVideo/transport/media';

describe('the type of a downloaded file', () => {
	it.each([
		['video/mp4', '/a.mp4', 'video/mp4'],
		['video/mp4', '/a', 'video/mp4'],
		['VIDEO/MP4', '/a.mp4', 'video/mp4'],
		['video/mp4; codecs="avc1"', '/a.mp4', 'video/mp4'],
		[' video/webm ;x', '/a.mp4', 'video/webm'],
		['video/quicktime', '/a.mp4', 'video/quicktime'],
		['video/x-matroska', '/a', 'video/x-matroska'],
		['image/jpeg', '/a.mp4', 'image/jpeg'],
		['image/webp', '/a', 'image/webp'],
	])('is what the answer says: %s for %s', (contentType, path, expected) => {
		expect(mediaTypeOf(contentType, path)).toBe(expected);
	});

	it.each([
		['application/octet-stream', '/a.mp4', 'video/mp4'],
		['application/octet-stream', '/a.MP4', 'video/mp4'],
		['application/octet-stream', '/a.webm', 'video/webm'],
		['application/octet-stream', '/a.mov', 'video/quicktime'],
		['application/octet-stream', '/a.jpg', 'image/jpeg'],
		['application/octet-stream', '/a.jpeg', 'image/jpeg'],
		['application/octet-stream', '/a.png', 'image/png'],
		['binary/octet-stream', '/x/y/a.webp', 'image/webp'],
		['application/octet-stream', '/a.bin', 'video/mp4'],
		['application/octet-stream', '/a', 'video/mp4'],
		['application/octet-stream', '', 'video/mp4'],
		['application/octet-stream', '/a.png/b', 'video/mp4'],
		['', '/a.webm', 'video/webm'],
		[undefined, '/a.webm', 'video/webm'],
		[undefined, '/a', 'video/mp4'],
		[';charset=x', '/a', 'video/mp4'],
	])('is read from the path where the answer says nothing: %p for %s', (contentType, path, expected) => {
		expect(mediaTypeOf(contentType, path)).toBe(expected);
	});

	it.each([
		'text/html',
		'text/html; charset=utf-8',
		'application/json',
		'application/xml',
		'text/plain',
		'audio/mpeg',
		'application/x-mpegURL',
		'multipart/form-data',
		'nonsense',
		'xvideo/mp4',
		'text/video/mp4',
	])('is none for %s, whatever the path', (contentType) => {
		expect(mediaTypeOf(contentType, '/a.mp4')).toBeNull();
	});
});
