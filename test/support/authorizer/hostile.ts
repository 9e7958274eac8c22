/** Request targets that parsers read differently (threats P, docs/reference/threats.md), by kind. */
const TARGETS = {
  'dot segments': String.raw`/api/../public/x /api/%2e%2e/public/x /api/..%2fpublic/x /api/..%5cpublic/x
    /public/../api/x /public/%2e%2e/api/x /public/%2E%2E/api/x /public/.%2e/api/x /public/..%2fapi/x
    /public/..%2Fapi/x /public/..%5capi/x /public/..\api/x /public/%252e%252e/api/x /public/..;/api/x
    /public/.;/x /public/./x /public/x/. /public/x/..`,
  slashes: `//public/x /public//x /public/x// ///public/x /./public/x /../public/x //evil.example/public/x
    /public/a%2fb /public/a%2Fb /public%2fx /public%2Fx /%2fpublic/x /public/%2f /public/x%2f..%2f..%2fapi`,
  parameters: '/public/a;b /public;/x /public/a%3bb /public/x;../../api/x',
  fragments: '/public/a#b /public/x#/../api /public/a%23b /public/x?a#b /public/a%3fb /public/x?a?b',
  bytes: `/public/%00 /public/a%00b /public/%0a /public/%0d%0a /public/%09x /public/%20 /public/x%20 /public/%20x
    /public/%c0%af /public/%c0%ae /public/%ff /public/%u002e /public/% /public/%2 /public/%zz /public/\u00e9
    /public/%c3%a9 /public/%C3%A9 /public/%E6%97%A5 /public/| /public/"x" /public/<x> /public/{x} /public/^x`,
  spellings: '/public/%61 /public/%7Ex /public/~x /PUBLIC/x /public. /publicx /public /public/',
  forms: `http://app.example/public/x http://evil.example/public/x https://app.example/public/x http://[/public/x
    * public/x @evil.example/public/x ?/public/x`,
  queries: '/public/x?/../api /public/x?private_token=a /public/x?a=1;b=2',
};

export const HOSTILE_TARGETS: readonly string[] = [
  ...Object.values(TARGETS).flatMap((text) => text.split(/\s+/)),
  '/public/a b',
];
