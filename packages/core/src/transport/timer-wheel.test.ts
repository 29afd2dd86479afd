import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loop } from './loop.ts';
import { type Timed, TimerWheel } from './timer-wheel.ts';

const TICK = 16;

class Alarm implements Timed {
  wheelTick = 0;
  wheelNext: Timed | undefined = undefined;
  wheelPrevious: Timed | undefined = undefined;
  fired = 0;
  onFire: () => void = () => undefined;
  onDeadline(): void {
    this.fired++;
    this.onFire();
  }
}
function now(): number {
  return Math.floor(performance.now() / TICK);
}

test('an item fires no earlier than asked and within two ticks', () => {
  const wheel = new TimerWheel();
  const base = now();
  wheel.advanceTo(base);
  for (const ms of [0, 1, 15, 16, 17, 500, 8191, 8192, 8193, 60_000]) {
    const alarm = new Alarm();
    const fresh = new TimerWheel();
    fresh.advanceTo(base + 1000);
    fresh.arm(alarm, ms);
    // The wheel stands within a tick of the clock, so `ms` from now may be up to one tick further than its hand.
    fresh.advanceTo(base + 1000 + Math.ceil(ms / TICK));
    assert.equal(alarm.fired, 0, `${ms} ms fired early`);
    fresh.advanceTo(base + 1000 + Math.floor(ms / TICK) + 2);
    assert.equal(alarm.fired, 1, `${ms} ms did not fire`);
  }
});

test('a disarmed item stays quiet, also when another one disarms it in the same tick', () => {
  const wheel = new TimerWheel();
  const [first, second, third] = [new Alarm(), new Alarm(), new Alarm()];
  for (const alarm of [first, second, third]) wheel.arm(alarm, 50);
  wheel.disarm(third);
  first.onFire = () => wheel.disarm(second);
  wheel.advanceTo(now() + 20);
  assert.deepEqual([first.fired, second.fired, third.fired], [1, 0, 0]);
});

test('an item may arm itself again, and one that throws harms no other', (t) => {
  const wheel = new TimerWheel();
  const errors: unknown[] = [];
  const before = loop.onError;
  loop.onError = (error) => errors.push(error);
  t.after(() => {
    loop.onError = before;
  });
  const [again, broken, after] = [new Alarm(), new Alarm(), new Alarm()];
  again.onFire = () => wheel.arm(again, 10);
  broken.onFire = () => {
    throw new Error('broken');
  };
  for (const alarm of [again, broken, after]) wheel.arm(alarm, 10);
  const base = now();
  for (let tick = 1; tick < 20; tick++) wheel.advanceTo(base + tick);
  assert.ok(again.fired > 3);
  assert.equal(after.fired, 1);
  assert.equal(errors.length, 1);
});

test('after a long stall everything due fires once', () => {
  const wheel = new TimerWheel();
  const alarms = Array.from({ length: 2000 }, (_, i) => {
    const alarm = new Alarm();
    wheel.arm(alarm, i * 10);
    return alarm;
  });
  wheel.advanceTo(now() + 100_000);
  assert.ok(alarms.every(({ fired }) => fired === 1));
});
