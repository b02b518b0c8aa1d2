from django.conf import settings
from django.db import migrations, models
import django.db.models.deletion


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False,
                                        verbose_name='ID')),
                ('slug', models.SlugField(unique=True)),
                ('sku', models.CharField(max_length=12, unique=True)),
                ('name', models.CharField(max_length=60)),
                ('category', models.CharField(max_length=12)),
                ('summary', models.CharField(max_length=80)),
                ('description', models.TextField()),
                ('size', models.CharField(max_length=60)),
                ('glaze', models.CharField(max_length=12)),
                ('drawing', models.CharField(max_length=12)),
                ('price', models.DecimalField(decimal_places=2, max_digits=7)),
                ('position', models.PositiveSmallIntegerField()),
            ],
            options={
                'ordering': ['position'],
            },
        ),
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False,
                                        verbose_name='ID')),
                ('number', models.CharField(max_length=20, unique=True)),
                ('name', models.CharField(max_length=80, verbose_name='Full name')),
                ('email', models.EmailField(max_length=254, verbose_name='E-mail')),
                ('street', models.CharField(max_length=120, verbose_name='Street and number')),
                ('postcode', models.CharField(max_length=12, verbose_name='Postcode')),
                ('city', models.CharField(max_length=60, verbose_name='City')),
                ('country', models.CharField(choices=[('BE', 'Belgium'), ('FR', 'France'), ('DE', 'Germany'), ('JP', 'Japan'), ('ES', 'Spain'), ('GB', 'United Kingdom'), ('US', 'United States')], max_length=2, verbose_name='Country')),
                ('gift_note',
                 models.CharField(blank=True, max_length=200, verbose_name='Gift note')),
                ('delivery', models.DecimalField(decimal_places=2, max_digits=7)),
                ('total', models.DecimalField(decimal_places=2, max_digits=9)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL,
                                           to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Line',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False,
                                        verbose_name='ID')),
                ('quantity', models.PositiveSmallIntegerField()),
                ('price', models.DecimalField(decimal_places=2, max_digits=7)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE,
                                            related_name='lines', to='shop.order')),
                ('product',
                 models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='shop.product')),
            ],
        ),
        migrations.CreateModel(
            name='Customer',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False,
                                        verbose_name='ID')),
                ('vip', models.BooleanField(default=False)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE,
                                              to=settings.AUTH_USER_MODEL)),
            ],
        ),
    ]
