// A real OAuth provider for the tests: device flow, authorization code with PKCE, rotated refresh
// tokens, introspection (by Dovecot), revocation. Started as `node server.mjs MODULES CERTIFICATE KEY`;
// prints its ports as one line of JSON, and ends when its standard input does.

import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, certificate, key] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(path.join(modules, 'oidc-provider/lib/index.js')).href);

const listen = (server) => new Promise((resolve) => {
  server.listen(0, '127.0.0.1', () => resolve(server.address().port));
});
const secure = https.createServer({ cert: readFileSync(certificate), key: readFileSync(key) });
// In the clear for Dovecot, which asks about tokens from this machine, and for the tests.
const plain = http.createServer();
const [securePort, plainPort] = [await listen(secure), await listen(plain)];

const flows = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'];
const client = (name, more) => ({
  client_id: name,
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  grant_types: flows,
  redirect_uris: ['http://127.0.0.1', 'https://redirect.example.com/done'],
  ...more,
});

const provider = new Provider(`https://localhost:${securePort}`, {
  clients: [
    client('public'),
    client('brief'),
    client('confidential', { token_endpoint_auth_method: 'client_secret_basic', client_secret: 'the secret of a client' }),
    {
      client_id: 'dovecot',
      client_secret: 'the-secret-of-dovecot',
      grant_types: [],
      response_types: [],
      redirect_uris: [],
    },
  ],
  scopes: ['openid', 'offline_access', 'mail'],
  features: {
    deviceFlow: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  rotateRefreshToken: true,
  ttl: {
    AccessToken: (_context, _token, { clientId }) => (clientId === 'brief' ? 3 : 3600),
    AuthorizationCode: 60,
    DeviceCode: 600,
    Grant: 86400,
    IdToken: 3600,
    Interaction: 3600,
    RefreshToken: 86400,
    Session: 86400,
  },
  cookies: { keys: ['only for tests'] },
});

// Ends an access token before its time, and that alone: revocation (RFC 7009) would end the whole sign-in.
const expire = async (request, response) => {
  let token = '';
  for await (const chunk of request) token += chunk;
  await (await provider.AccessToken.find(token))?.destroy();
  response.end();
};

secure.on('request', provider.callback());
plain.on('request', (request, response) => (
  request.url === '/expire' ? expire(request, response) : provider.callback()(request, response)
));
console.log(JSON.stringify({ secure: securePort, plain: plainPort }));
process.stdin.resume().on('end', () => process.exit(0));
