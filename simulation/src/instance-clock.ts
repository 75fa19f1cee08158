import type { Clock, TimerHandle } from '@frameio-auth/core';
import type { Receiver } from './storage-connection.ts';
import type { Appointment, VirtualTime } from './virtual-time.ts';

interface Timer {
  appointment?: Appointment;
}

/**
 * The clock of one instance, which is wrong in its own way: `ahead` milliseconds ahead of the true time in the
 * beginning, and `fast` parts per million faster. Its timers wait by it, and run when the instance can run them.
 */
export function instanceClock(
  time: VirtualTime,
  beginning: number,
  { ahead, fast }: { readonly ahead: number; readonly fast: number },
  receiver: Receiver,
): Clock {
  const speed = 1 + fast / 1_000_000;
  const monotonic = () => (time.now - beginning) * speed;
  return {
    now: () => Math.floor(beginning + ahead + monotonic()),
    monotonic,
    setTimeout(callback, delay): TimerHandle {
      const timer: Timer = {};
      timer.appointment = time.after(Math.max(0, delay) / speed, () =>
        receiver.deliver('timer', () => {
          if (timer.appointment?.run !== undefined) callback();
        }),
      );
      return timer;
    },
    clearTimeout(handle) {
      const { appointment } = handle as Timer;
      if (appointment !== undefined) time.cancel(appointment);
    },
  };
}
