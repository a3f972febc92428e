export interface Booking {
  telescope: string;
  hours: number;
}

export class Calendar {
  private bookings: Booking[] = [];

  /** Rejects more than six hours a night. */
  add(booking: Booking): boolean {
    if (booking.hours > 6) return false;
    this.bookings.push(booking);
    return true;
  }
}
