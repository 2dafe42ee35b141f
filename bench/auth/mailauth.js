// mailauth (npm) on the messages and the SPF world of bench/auth.py. usage: node mailauth.js MODULE-FOLDER DIRECTORY SECONDS
const fs = require('fs');
const [, , folder, directory, seconds] = process.argv;
const { dkimSign } = require(folder + '/lib/dkim/sign');
const { dkimVerify } = require(folder + '/lib/dkim/verify');
const { spf } = require(folder + '/lib/spf');

const world = JSON.parse(fs.readFileSync(directory + '/world.json'));
world['bench._domainkey.example.com TXT'] = [fs.readFileSync(directory + '/dkim.txt', 'utf8')];
const valueOf = {
  TXT: (data) => [data],
  MX: (data) => ({ priority: +data.split(' ')[0], exchange: data.split(' ')[1] }),
  A: (data) => data,
};
const resolver = async (name, type) => {
  const data = world[name.toLowerCase() + ' ' + type];
  if (!data) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
  return data.map(valueOf[type]);
};

async function rate(what, work) {
  for (let i = 0; i < 20; i++) await work();
  const began = process.cpuUsage();
  let count = 0;
  let spent;
  do {
    await work();
    count++;
    const used = process.cpuUsage(began);
    spent = (used.user + used.system) / 1e6;
  } while (spent < +seconds);
  console.log(JSON.stringify({ who: 'mailauth', what, rate: count / spent }));
}

(async () => {
  const key = fs.readFileSync(directory + '/key.pem');
  const settings = {
    canonicalization: 'relaxed/relaxed',
    algorithm: 'rsa-sha256',
    signTime: Date.now(),
    signatureData: [{ signingDomain: 'example.com', selector: 'bench', privateKey: key }],
  };
  for (const size of ['4k', '1m']) {
    const message = fs.readFileSync(`${directory}/msg${size}.eml`);
    const { signatures } = await dkimSign(message, settings);
    const signed = Buffer.concat([Buffer.from(signatures), message]);
    const found = (await dkimVerify(signed, { resolver })).results[0].status;
    if (found.result !== 'pass') throw new Error(JSON.stringify(found));
    if (size === '4k') await rate('sign 4k', () => dkimSign(message, settings));
    await rate('verify ' + size, () => dkimVerify(signed, { resolver }));
  }
  const query = { sender: 'sender@example.com', ip: '192.0.2.10', helo: 'mx.example.com', mta: 'mx.test', resolver };
  const found = (await spf(query)).status;
  if (found.result !== 'pass') throw new Error(JSON.stringify(found));
  await rate('spf', () => spf(query));
})();
