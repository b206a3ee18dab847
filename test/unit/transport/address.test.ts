import { describe, expect, it } from '@jest/globals';
import { isLocalHost, parseHttpUrl } from '../../../nodes/LumaVideo/transport/address';

/** As the node asks: by the host of a whole address. */
function isLocal(address: string): boolean {
	const url = parseHttpUrl(address);
	if (!url) throw new Error(`${address} is no address`);
	return isLocalHost(url.hostname);
}

describe('an address', () => {
	const read: Array<[string, string]> = [
		['http://example.com', 'http://example.com/'],
		['https://example.com/a?b=c#d', 'https://example.com/a?b=c#d'],
		['HTTPS://EXAMPLE.COM/A', 'https://example.com/A'],
		['  https://example.com/ \n', 'https://example.com/'],
		['https://example.com:8443', 'https://example.com:8443/'],
		['https://example.com:443/', 'https://example.com/'],
		['https://user:word@example.com/', 'https://user:word@example.com/'],
		['https://bücher.example/', 'https://xn--bcher-kva.example/'],
		['https://例え.テスト/', 'https://xn--r8jz45g.xn--zckzah/'],
		['https://example.com./', 'https://example.com./'],
		['https://[2001:DB8::1]/', 'https://[2001:db8::1]/'],
		['https://example.com/with space', 'https://example.com/with%20space'],
		['https://example.com/ünï', 'https://example.com/%C3%BCn%C3%AF'],
	];

	it('is read as browsers read it', () => {
		expect(read.map(([text]) => [text, parseHttpUrl(text)?.href])).toEqual(read);
	});

	const refused = [
		'',
		' ',
		'example.com',
		'//example.com/a',
		'www.example.com/a.png',
		'/a.png',
		'ftp://example.com/a',
		'file:///etc/passwd',
		'data:image/png;base64,AAAA',
		'javascript:alert(1)',
		'blob:https://example.com/1',
		'http:',
		'http:/',
		'http://',
		'https:///a.png',
		'https://?a',
		'https://#a',
		'https:/example.com/a',
		'https:example.com/a',
		'https:\\\\example.com\\a',
		'https://\\example.com',
		'https:// example.com',
		'https://exa mple.com/',
		'https://exam\nple.com/',
		'https://exam\tple.com/',
		'https://user@/a',
		'https://:8080/',
		'https://example.com:99999/',
		'https://example.com:port/',
		'https://[::1/',
		'https://[::g]/',
		'https://256.256.256.256/',
		'https://1.2.3.4.5/',
		'https://a%00b/',
		'hhttps://example.com',
		'https//example.com',
		'{{ $json.url }}',
	];

	it('is whole, without gaps, and of the web', () => {
		expect(refused.filter((text) => parseHttpUrl(text) !== null)).toEqual([]);
	});
});

describe('a host', () => {
	const open = [
		'https://example.com/',
		'https://example.com./',
		'https://localhost.example.com/',
		'https://local.example/',
		'https://internal.example.com/',
		'https://mytest.com/',
		'https://xn--bcher-kva.example/',
		'https://1.1.1.1/',
		'https://8.8.8.8:8080/',
		'https://9.255.255.255/',
		'https://11.0.0.0/',
		'https://100.63.255.255/',
		'https://100.128.0.0/',
		'https://126.255.255.255/',
		'https://128.0.0.1/',
		'https://169.253.255.255/',
		'https://169.255.0.0/',
		'https://172.15.255.255/',
		'https://172.32.0.0/',
		'https://192.167.255.255/',
		'https://192.169.0.0/',
		'https://223.255.255.255/',
		'https://10.example.com/',
		'https://8.10.8.8/',
		'https://8.127.0.1/',
		'https://8.169.254.1/',
		'https://8.172.16.1/',
		'https://8.192.168.1/',
		'https://8.100.64.1/',
		'https://localhost.local.example.com/',
		'https://n8n.internal-tools.com/',
		'https://a.localhost.example.com/',
		'https://127.0.0.1.example.com/',
		'https://[2606:4700:4700::1111]/',
		'https://[2a00:1450:4001::1]/',
		'https://[3fff:ffff::1]/',
		'https://[::ffff:8.8.8.8]/',
		'https://localhost@example.com/',
		'https://127.0.0.1:80@example.com/',
	];

	it('in the public internet is none that only those inside can reach', () => {
		expect(open.filter(isLocal)).toEqual([]);
	});

	it.each([
		['this machine', 'http://localhost/'],
		['this machine, with a port', 'http://localhost:5678/'],
		['this machine, in capitals', 'http://LOCALHOST/'],
		['this machine, with a dot at the end', 'http://localhost./'],
		['this machine, with two dots at the end', 'http://localhost../'],
		['this machine, behind a name for the eye', 'http://example.com@localhost/'],
		['a name below localhost', 'http://n8n.localhost/'],
		['a private network', 'http://172.25.0.1/'],
		['a network of a carrier', 'http://100.75.0.1/'],
		['a network of a carrier', 'http://100.110.0.1/'],
		['a private network of IPv6 with a part like a public one', 'http://[fd00:2001:db8::1]/'],
		['a private network of IPv6 that ends like a mapped address', 'http://[fd00::ffff:808:808]/'],
		['what only begins like a mapped address', 'http://[::ffff:808:808:1]/'],
		['a name of one label', 'http://n8n/'],
		['a name of one label, with a dot at the end', 'http://minio.:9000/'],
		['a name in the home', 'http://printer.local/'],
		['a name in the home, with a dot at the end', 'http://printer.local./'],
		['a name in the house', 'http://nas.lan/'],
		['a name in the house by RFC 8375', 'http://nas.home.arpa/'],
		['a name inside', 'http://metadata.google.internal/'],
		['a container', 'http://host.docker.internal/'],
		['a name for tests', 'http://n8n.test/'],
		['a name that is never valid', 'http://n8n.invalid/'],
		['127.0.0.1', 'http://127.0.0.1/'],
		['127.255.255.255', 'http://127.255.255.255/'],
		['127.0.0.1 with a dot at the end', 'http://127.0.0.1./'],
		['127.0.0.1 in short', 'http://127.1/'],
		['127.0.0.1 as a number', 'http://2130706433/'],
		['127.0.0.1 in hexadecimal', 'http://0x7f000001/'],
		['127.0.0.1 in hexadecimal parts', 'http://0x7f.0.0.0x1/'],
		['127.0.0.1 in octal', 'http://0177.0.0.01/'],
		['127.0.0.1 in wide digits', 'http://１２７.０.０.１/'],
		['127.0.0.1 with ideographic dots', 'http://127。0。0。1/'],
		['127.0.0.1 with percent signs', 'http://127.0.0.%31/'],
		['no address', 'http://0.0.0.0/'],
		['zero', 'http://0/'],
		['10/8, first', 'http://10.0.0.0/'],
		['10/8, last', 'http://10.255.255.255/'],
		['10/8 as a number', 'http://167772161/'],
		['172.16/12, first', 'http://172.16.0.0/'],
		['172.16/12, last', 'http://172.31.255.255/'],
		['192.168/16, first', 'http://192.168.0.0/'],
		['192.168/16, last', 'http://192.168.255.255/'],
		['192.168/16 in hexadecimal', 'http://0xc0a80101/'],
		['link-local', 'http://169.254.0.1/'],
		['the metadata of clouds', 'http://169.254.169.254/'],
		['a carrier, first', 'http://100.64.0.0/'],
		['a carrier, last', 'http://100.127.255.255/'],
		['many at once', 'http://224.0.0.1/'],
		['all at once', 'http://255.255.255.255/'],
		['IPv6: this machine', 'http://[::1]/'],
		['IPv6: this machine, written out', 'http://[0:0:0:0:0:0:0:1]/'],
		['IPv6: no address', 'http://[::]/'],
		['IPv6: unique local fc', 'http://[fc00::1]/'],
		['IPv6: unique local fd', 'http://[fdff:ffff::1]/'],
		['IPv6: link-local, first', 'http://[fe80::1]/'],
		['IPv6: link-local, last', 'http://[febf:ffff::1]/'],
		['IPv6: site-local', 'http://[fec0::1]/'],
		['IPv6: many at once', 'http://[ff02::1]/'],
		['IPv6: 127.0.0.1 mapped', 'http://[::ffff:127.0.0.1]/'],
		['IPv6: 192.168.1.1 mapped', 'http://[::ffff:c0a8:101]/'],
		['IPv6: 10.0.0.1 mapped, written out', 'http://[0:0:0:0:0:ffff:0a00:0001]/'],
		['IPv6: 127.0.0.1 in the old way', 'http://[::127.0.0.1]/'],
		['IPv6: 127.0.0.1 by translation', 'http://[64:ff9b::127.0.0.1]/'],
	])('that only those inside can reach: %s: %s', (_, address) => {
		expect(isLocal(address)).toBe(true);
	});
});
