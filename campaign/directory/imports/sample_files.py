"""Files to begin with: the heads that are read best, and two invented rows of each directory."""

from campaign.models.directory_import import Directory

SAMPLES = {
    Directory.MISSIONS: (
        ("sending country", "host country", "kind", "name", "street", "city", "region",
         "postal code", "phone", "email", "website", "head of mission", "hours",
         "further countries", "last checked"),
        ("Kenya", "Canada", "embassy", "Embassy of Kenya", "1 Sample Street", "Ottawa", "ON",
         "K1A 0A1", "613 555 0100; 613 555 0101", "post@example.org", "https://example.org", "", "",
         "Cuba | Jamaica", "2026-11-24"),
        ("Kenya", "Canada", "", "Consulate of Kenya in Toronto", "2 Sample Street", "Toronto", "ON",
         "M5V 2T6", "", "", "", "", "Monday to Friday, 9 to 12", "", ""),
    ),
    Directory.OFFICIALS: (
        ("name", "title before the name", "office", "office fr", "institution", "country", "street",
         "city", "postal code", "email", "phone", "start", "end"),
        ("Ines Quintero Vidal", "", "Governor of Altamar", "Gouverneure d’Altamar",
         "State of Altamar", "Mexico", "1 Sample Street", "Altamar", "01000", "post@example.org",
         "55 5555 0100", "2024-10-01", ""),
        ("", "", "Ombudsman", "", "", "Kenya", "2 Sample Road", "Nairobi", "00100", "", "", "", ""),
    ),
}  # fmt: skip
