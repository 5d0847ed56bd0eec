// The devices that a guest cannot find by itself. Preprocessed by the C preprocessor for layout.h,
// compiled by iasl when the program is built.
#include "vmm/layout.h"

DefinitionBlock ("", "DSDT", 6, "SITU", "SITUDSDT", 1)
{
    Name (_S5, Package () { SLEEP_TYPE_S5, 0, 0, 0 })

    Scope (_SB)
    {
        Device (PWRB)
        {
            Name (_HID, EisaId ("PNP0C0C"))
        }

        // Hardware-reduced ACPI has no fixed power button: events arrive through this device.
        Device (GED)
        {
            Name (_HID, "ACPI0013")
            Name (_UID, Zero)
            Name (_CRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { GSI_EVENT }
            })
            OperationRegion (EREG, SystemIO, PORT_EVENT, One)
            Field (EREG, ByteAcc, NoLock, Preserve)
            {
                EVNT, 8     // reading clears
            }
            Method (_EVT, 1, Serialized)
            {
                Local0 = EVNT
                If (Local0 & EVENT_POWER_BUTTON)
                {
                    Notify (PWRB, 0x80)
                }
            }
        }

        Device (COM1)
        {
            Name (_HID, EisaId ("PNP0501"))
            Name (_UID, Zero)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, PORT_COM1, PORT_COM1, 1, 8)
                Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { GSI_COM1 }
            })
        }

        Device (RTC)
        {
            Name (_HID, EisaId ("PNP0B00"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, PORT_RTC, PORT_RTC, 1, 2)
                Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { GSI_RTC }
            })
        }

        Device (PEVT)
        {
            Name (_HID, "QEMU0001")
            Name (_STA, 0x0B)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, PORT_PVPANIC, PORT_PVPANIC, 1, 1)
            })
        }
    }
}
